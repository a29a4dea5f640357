import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeNpy } from '../../src/data/index.ts';
import { exportTflite } from '../../src/index.ts';
import { createRandom, normal } from '../../src/random.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { CAUSES } from '../../src/run/losses.ts';
import { METRIC_NAMES, TASK_NAMES } from '../../src/task/index.ts';
import { inProcess } from '../cli/in_process.ts';
import { built, type Ended } from '../cli/sample.ts';
import { npz } from '../data/sources.ts';
import { CALLS, examplesOf, streaming } from '../run/streaming.ts';

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8');
const commandsOf = (text: string) => [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) => block.trim().split('\n'));
const page = read('tasks.md');
const commands = commandsOf(page);

const COUNT = 300;
const random = createRandom(11, 'docs');
const draw = (width: number) => Float32Array.from({ length: COUNT * width }, () => normal(random));
const rowsOf = (x: Float32Array, width: number) =>
  Array.from({ length: COUNT }, (_, i) => x.subarray(i * width, (i + 1) * width));
const largest = (row: Float32Array) => row.indexOf(Math.max(...row));

/** The files that the page names. */
function writeFiles(folder: string): void {
  const put = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes);
  const labels = (values: number[], width = 1) => [Int32Array.from(values), width > 1 ? [COUNT, width] : [COUNT]] as const;
  const fruit = draw(3);
  put('fruit.npz', npz({ x: [fruit, [COUNT, 3]], y: labels(rowsOf(fruit, 3).map(largest)) }));
  put('colours.npy', writeNpy(fruit, [COUNT, 3]));
  const alarm = draw(6);
  put('alarm.npz', npz({ x: [alarm, [COUNT, 6]], y: labels(rowsOf(alarm, 6).map((r) => (r[0] + r[1] > 0 ? 1 : 0))) }));
  const tags = draw(5);
  put(
    'tags.npz',
    npz({
      x: [tags, [COUNT, 5]],
      y: labels(
        rowsOf(tags, 5).flatMap((r) => [0, 1, 2, 3].map((k) => +(r[k] > 0))),
        4,
      ),
    }),
  );
  const weather = draw(4);
  const ahead = Float32Array.from(rowsOf(weather, 4).flatMap((r) => [20 + 5 * r[0], 21 + 4 * r[0] + r[1], 1000 + 30 * r[2]]));
  put('forecast.npz', npz({ x: [weather, [COUNT, 4]], y: [ahead, [COUNT, 3]] }));
  const hidden = draw(2);
  const machine = (bent: (i: number) => boolean) =>
    Float32Array.from(rowsOf(hidden, 2).flatMap(([a, b], i) => [a, b, a + b, a - b, 2 * a, bent(i) ? 3 + b : -b]));
  const odd = (i: number) => i % 4 === 0;
  put('machine.npz', npz({ x: [machine(() => false), [COUNT, 6]] }));
  put('machine_test.npz', npz({ x: [machine(odd), [COUNT, 6]], y: labels(Array.from({ length: COUNT }, (_, i) => +odd(i))) }));
  const [accel, press] = [draw(6), draw(4)];
  const both = rowsOf(accel, 6).map((r, i) => (r[0] > 0 ? 1 : 0) + (rowsOf(press, 4)[i][0] > 0 ? 2 : 0));
  put('weather.npz', npz({ accel: [accel, [COUNT, 6]], press: [press, [COUNT, 4]], y: labels(both) }));
  const sensors = draw(6);
  const units = sensors.map((v, i) => (i % 6 === 4 ? 90 * v : i % 6 === 5 ? 101325 + 250 * v : v));
  const kinds = rowsOf(sensors, 6).map((r) => largest(Float32Array.of(r[0] + r[4], r[1] + r[5], r[2])));
  put('sensors.npz', npz({ x: [units, [COUNT, 6]], y: labels(kinds) }));
  put('accel.npy', writeNpy(accel, [COUNT, 6]));
  put('press.npy', writeNpy(press, [COUNT, 4]));
  put('two_heads.tflite', twoHeads());
  const { x, y } = examplesOf(COUNT);
  put('sequences.npz', npz({ x: [x, [COUNT, CALLS, 2, 1, 3]], y: labels([...y]) }));
  put('wake_word.tflite', exportTflite({ graph: streaming(), facts: {} }));
}

/** Gives the largest of three inputs, and beside it a value. */
function twoHeads(): Uint8Array {
  const net = buildNetwork('two', [3], 1, 'x');
  const graph = net.finish(net.dense(net.input, 1), net.softmax(net.dense(net.input, 3)));
  const [value, kind] = graph.outputs;
  const weights = graph.nodes.at(-2)!.inputs[1];
  const named = new Map([
    [value, { name: 'ripeness' }],
    [kind, { name: 'kind' }],
    [weights, { data: Float32Array.of(5, 0, 0, 0, 5, 0, 0, 0, 5) }],
  ]);
  const tensors = graph.tensors.map((t, i) => ({ ...t, ...named.get(i) }));
  return exportTflite({ graph: { ...graph, tensors }, facts: {} });
}

test('the page has commands for every task', () => {
  assert.ok(commands.length >= 18);
  assert.ok(commands.every((line) => line.startsWith('thumbnet ')));
  for (const task of TASK_NAMES) assert.match(page, new RegExp(`\\| \`${task}\` +\\|`));
  for (const metric of METRIC_NAMES) assert.ok(page.includes(`\`${metric}\``), metric);
});

/** `compress` starts threads, which take compiled modules only: as it was built last. */
function run(folder: string, args: string[]): Promise<Ended> {
  if (args[0] !== 'compress') return inProcess(...args);
  const isPath = (i: number) => /\.(tflite|npz)$/.test(args[i]) || args[i - 1] === '--out';
  return built(...args.map((arg, i) => (isPath(i) ? join(folder, arg) : arg)), '--workers', '1');
}

/** Runs commands one after another in a folder with the files of the pages; what each said, by its verb and everything behind. */
async function said(lines: readonly string[]): Promise<(pattern: RegExp) => string> {
  const folder = mkdtempSync(join(tmpdir(), 'thumbnet-docs-'));
  const before = process.cwd();
  mkdirSync(folder, { recursive: true });
  writeFiles(folder);
  process.chdir(folder);
  try {
    const texts: string[] = [];
    for (const line of lines) {
      const { code, out, err } = await run(folder, line.split(/\s+/).slice(1));
      assert.is(code, 0, `${line}\n${out}${err}`);
      texts.push(`${line}\n${out}${err}`);
    }
    if (lines.some((line) => line.includes('--out fruit_again.tflite'))) {
      assert.equal(readFileSync('fruit_again.tflite'), readFileSync('fruit_small/model.tflite'));
    }
    return (pattern) => texts.findLast((text) => pattern.test(text.split('\n')[0]))!;
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
}

test('every command of the page works, one after another', async () => {
  const texts = await said(commands);
  const shown = (verb: string, model: string) => texts(new RegExp(`^thumbnet ${verb} ${model}`));
  assert.match(shown('evaluate', 'fruit.tflite'), /classification into 3 classes[\s\S]*reached: balanced accuracy at least/);
  assert.match(shown('evaluate', 'alarm.tflite'), /binary classification[\s\S]*area under the ROC curve/);
  assert.match(shown('evaluate', 'tags.tflite'), /multilabel classification, 4 labels[\s\S]*all labels right/);
  assert.match(shown('evaluate', 'forecast.tflite'), /regression of 3 values[\s\S]*mean absolute error/);
  assert.match(shown('evaluate', 'machine.tflite'), /reconstruction[\s\S]*area under the ROC curve \(AUC\) 0\.[89]\d/);
  assert.match(shown('evaluate', 'weather.tflite'), /"accel" \[6\] and "press" \[4\]/);
  assert.match(
    shown('compress', 'fruit.tflite'),
    /balanced accuracy on the test part[\s\S]*checked by \d+ examples (that had no part in it|of other folds)/,
  );
  assert.match(shown('compress', 'alarm.tflite'), /area under the ROC curve/);
  assert.match(shown('finetune', 'wake_word.tflite'), /each example is 5 calls of the model/);
  assert.match(shown('compress', 'tags.tflite'), /F1 on the test part/);
  assert.match(shown('compress', 'forecast.tflite'), /mean absolute error \(MAE\) on the test part[\s\S]*% (worse|better)/);
  assert.match(shown('compress', 'machine.tflite'), /mean squared error on the test part/);
  assert.match(shown('evaluate', 'two_heads.tflite'), /by output "kind"[\s\S]*accuracy 100\.0 %/);
  assert.match(shown('infer', 'two_heads.tflite'), /"ripeness" \[300,1\][\s\S]*"kind" \[300,3\]/);
});

test('the page on the search: each command works, and the study goes on where it ended', async () => {
  const texts = await said(commandsOf(read('compress.md')));
  assert.match(texts(/--dry-run$/), /as given +│[\s\S]*training samples, about/);
  assert.match(texts(/--trials 1 /), /accuracy on the test part, 1 trial\n/);
  assert.match(texts(/--resume$/), /accuracy on the test part, 2 trials/);
});

test('the page on quantization: its example loses with one scale, and not with scaled features', async () => {
  const text = read('quantization.md');
  const texts = await said(commandsOf(text));
  const lost = (command: RegExp) => {
    const [, before, after] = /accuracy +([\d.]+) % -> ([\d.]+) %/.exec(texts(command))!;
    return Number(before) - Number(after);
  };
  assert.match(texts(/sensors_int8\.tflite$/), /stays float32 and is scaled feature by feature/);
  assert.ok(lost(/--out sensors_int8\.tflite$/) < 4); // one of 30 examples is 3.3 points
  assert.ok(lost(/--no-scale-inputs/) > 20);
  assert.match(texts(/--no-scale-inputs/), /quantization costs more than a point[\s\S]*what may help:/);
  assert.match(texts(/--explain/), /SQNR.*output alone.*cause/);
  for (const kind of CAUSES) assert.match(text, new RegExp(`\\| \`${kind}\` +\\|`));
});

test.run();
