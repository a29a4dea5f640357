import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readNpy, writeNpy } from '../../src/data/index.ts';
import { exportTflite } from '../../src/index.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { inProcess as thumbnet } from '../cli/in_process.ts';
import { inFolder } from '../cli/sample.ts';
import { npz, png } from '../data/sources.ts';
import {
  answer,
  binary,
  type Case,
  COUNT,
  fruit,
  joinedUnits,
  RIGHT,
  regression,
  sensors,
  twoInputs,
  twoOutputs,
} from './make.ts';

type Bytes = Parameters<typeof writeNpy>[0];

const put = (name: string, bytes: Uint8Array): string => {
  writeFileSync(inFolder(name), bytes);
  return inFolder(name);
};

/** The model and its data as files; arrays by the names of the inputs. */
function files(name: string, made: Case, arrays: readonly string[] = Object.keys(made.x)) {
  const inputs = Object.values(made.x).map(({ x, shape }, i) => [arrays[i], [x as Bytes, shape]] as const);
  const y = [made.y, made.y.length > COUNT ? [COUNT, made.y.length / COUNT] : [COUNT]] as const;
  return {
    model: put(`${name}.tflite`, exportTflite({ graph: made.graph, facts: {} })),
    data: put(`${name}.npz`, npz({ ...Object.fromEntries(inputs), y })),
  };
}

const json = async (...args: string[]) => {
  const { code, out, err } = await thumbnet(...args, '--json');
  return { code, found: out ? JSON.parse(out) : null, err };
};

test('evaluate says the task in one line, and judges the class head of two', async () => {
  const { model, data } = files('two-out', twoOutputs());
  const { code, found, err } = await json('evaluate', model, '--data', data);
  assert.equal([code, found.task, found.accuracy, found.perClass.length], [0, 'classification', RIGHT, 3]);
  assert.match(err, /^task: classification into 3 classes, by output "\S+" \[3\] after softmax; judged by accuracy$/m);
  assert.match(err, /^task: not judged: "logistic_1"$/m);
});

test('two tasks that fit: exit 2 with the flag, and stated it is done', async () => {
  const { model, data } = files('logit', binary(false));
  const asked = await json('evaluate', model, '--data', data);
  assert.is(asked.code, 2);
  assert.match(asked.err, /fix: state it: --task binary or regression/);
  const stated = await json('evaluate', model, '--data', data, '--task', 'binary', '--metric', 'auc');
  assert.equal([stated.code, stated.found.accuracy, stated.found.metric], [0, RIGHT, 'auc']);
  assert.is(stated.found.quality, stated.found.auc);
});

test('goals of evaluate: exit 1 and what is missed', async () => {
  const { model, data } = files('fruit', fruit());
  const base = ['evaluate', model, '--data', data];
  assert.is((await json(...base, '--goal', '97%', '--min-recall', '0=0.5')).code, 0);
  const missed = await json(...base, '--min-recall', '1=99.9%');
  assert.equal([missed.code, missed.found.reached], [1, false]);
  assert.match(missed.err, /not reached: recall of "1" 9\d\.\d % where 99\.9 % is asked/);
  assert.match((await json(...base, '--min-recall', '7=0.5')).err, /no class "7"[\s\S]*classes are 0, 1, 2/);
});

test('a regression: all of its figures, and a goal that is an upper limit', async () => {
  const { model, data } = files('forecast', regression(24));
  const { code, out } = await thumbnet('evaluate', model, '--data', data, '--goal', '0.26');
  assert.is(code, 0);
  assert.match(out, /regression of 24 values/);
  assert.match(out, /root mean squared error \(RMSE\) 0\.25 over all 600 examples\nmean absolute error \(MAE\) 0\.25, R2 0\.\d+/);
  assert.match(out, /reached: root mean squared error \(RMSE\) at most 0\.26/);
  assert.is((await json('evaluate', model, '--data', data, '--goal', '0.24')).code, 1);
});

test('a stage judges by the task and keeps it', async () => {
  const { model, data } = files('sine', regression(1));
  const out = inFolder('sine-int8.tflite');
  const { code, found, err } = await json('quantize', model, '--data', data, '--out', out, '--force');
  assert.is(code, 0, err);
  assert.equal([found.task, found.metric, found.before.accuracy], ['regression', 'rmse', null]);
  assert.ok(Math.abs(found.before.quality - 0.25) < 1e-4 && found.after.quality < 0.35);
});

test('two inputs: a missing one is refused by name', async () => {
  const made = twoInputs();
  const { model, data } = files('two-in', made);
  assert.is((await json('evaluate', model, '--data', data)).found.accuracy, RIGHT);
  const lone = put('lone.npz', npz({ x: [made.x.accel.x as Bytes, [COUNT, 6]], y: [made.y, [COUNT]] }));
  for (const verb of [['evaluate'], ['quantize', '--out', inFolder('none.tflite')]]) {
    const { code, err } = await json(verb[0], model, '--data', lone, ...verb.slice(1));
    assert.is(code, 2);
    assert.match(err, /nothing for "press" \[4\]/);
  }
});

test('two inputs: each in its own unit', async () => {
  const made = twoInputs();
  const bytes = (made.x.press.x as Float32Array).map((v) => 500 * v + 1000);
  const { model, data } = files('two-in', { ...made, x: { ...made.x, press: { ...made.x.press, x: bytes } } });
  const base = ['evaluate', model, '--data', data];
  assert.ok((await json(...base)).found.accuracy < 0.8);
  const scaled = await json(...base, '--mean', 'press=1000', '--std', 'press=500');
  assert.is(scaled.found.accuracy, RIGHT);
  assert.match(scaled.err, /"accel" \[6\]: x as stored, "press" \[4\]: \(x \* 1 - 1000\) \/ 500/);
  assert.match((await json(...base, '--scale', 'pres=2')).err, /no input "pres" to be scaled[\s\S]*"accel", "press"/);
  assert.match((await json(...base, '--scale', 'press=2', '--scale', '3')).err, /one value for all inputs, or INPUT=VALUE/);
});

test('quantize: features in units of their own are scaled apart; left alone, the loss is explained', async () => {
  for (const [name, made] of Object.entries({ sensors: sensors(), joined: joinedUnits() })) {
    const { model, data } = files(name, made);
    const base = ['quantize', model, '--data', data, '--out', inFolder(`${name}-int8.tflite`), '--force'];
    const done = await json(...base);
    assert.equal([done.code, done.found.quantization.mended.length], [0, 1]);
    assert.ok(done.found.before.accuracy - done.found.after.accuracy < 0.05);
    const stored = await json('evaluate', inFolder(`${name}-int8.tflite`), '--data', data);
    assert.ok(stored.found.accuracy > 0.95, `${stored.found.accuracy}`);
    const asInt8 = await json(...base, '--io', 'int8');
    assert.is(asInt8.code, 2);
    assert.match(asInt8.err, /is float32 and cannot be int8[\s\S]*no one scale holds its features/);
    const left = await json(...base, '--no-scale-inputs');
    assert.ok(left.found.after.accuracy < left.found.before.accuracy - 0.2);
    assert.match(left.err, /warning: quantization costs more than a point: accuracy \S+ % in floats, \S+ % in integers/);
    assert.match(left.err, /what may help: .*leave out --no-scale-inputs/);
    const kinds = left.found.quantization.causes.map((c: { kind: string }) => c.kind);
    assert.ok(
      kinds.some((k: string) => ['features', 'shared', 'offset'].includes(k)),
      kinds.join(),
    );
  }
});

test('quantize --explain: a row for each layer', async () => {
  const { model, data } = files('fruit', fruit());
  const base = ['quantize', model, '--data', data, '--out', inFolder('fruit-int8.tflite'), '--force', '--explain'];
  const { out } = await thumbnet(...base);
  assert.match(out, /SQNR.*cause/); // the width of a terminal decides which other columns there are
  assert.match(out, /fullyConnected_1 .* \d+\.\d dB/);
  const { found } = await json(...base);
  assert.equal(
    found.quantization.layers.map((l: { op: string }) => l.op),
    ['input', 'fullyConnected', 'fullyConnected'],
  );
  assert.ok(found.quantization.sqnrDb > 25 && found.quantization.layers[1].sqnrDb > 30);
});

test('infer feeds all inputs, however they are given', async () => {
  const made = twoInputs();
  const { model } = files('two-in', made);
  const { accel, press } = made.x;
  const few = (input: typeof accel, width: number) => writeNpy((input.x as Float32Array).subarray(0, 3 * width), [3, width]);
  const [a, b] = [put('acc.npy', few(accel, 6)), put('pr.npy', few(press, 4))];
  const folder = inFolder('arrays');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'accel.npy'), few(accel, 6));
  writeFileSync(join(folder, 'press.npy'), few(press, 4));
  const archive = put(
    'in.npz',
    npz({
      press: [(press.x as Float32Array).subarray(0, 12), [3, 4]],
      accel: [(accel.x as Float32Array).subarray(0, 18), [3, 6]],
    }),
  );
  const expected = [0, 1, 2].flatMap((i) => {
    const at = (input: typeof accel, width: number) => [...(input.x as Float32Array).subarray(i * width, (i + 1) * width)];
    return answer(made.graph, [at(accel, 6), at(press, 4)])[0];
  });
  const ways = [
    ['--input', a, '--input', b],
    ['--input', `press=${b}`, '--input', `accel=${a}`],
    ['--input', archive],
    ['--input', folder],
  ];
  for (const [i, way] of ways.entries()) {
    const out = inFolder(`y${i}.npy`);
    const { code, err } = await json('infer', model, ...way, '--output', out, '--force');
    assert.is(code, 0, err);
    const { data, shape } = readNpy(readFileSync(out), 'y');
    assert.equal(shape, [3, 4]);
    for (const [k, v] of expected.entries()) assert.ok(Math.abs(Number(data[k]) - v) < 1e-5);
  }
  const lone = await json('infer', model, '--input', a, '--output', inFolder('y.npy'));
  assert.is(lone.code, 2);
  assert.match(lone.err, /takes 2 inputs, "accel" \[1,6\], "press" \[1,4\], but 1 file is given[\s\S]*--input accel=FILE\.npy/);
});

test('infer writes all outputs, however they are named', async () => {
  const made = twoOutputs();
  const { model } = files('two-out', made);
  const x = put('x.npy', writeNpy((made.x.x.x as Float32Array).subarray(0, 20), [2, 10]));
  const shapes = [
    [2, 16],
    [2, 3],
  ];
  const read = (path: string) => readNpy(readFileSync(path), path).shape;
  const run = async (...outputs: string[]) => {
    const { code, found, err } = await json('infer', model, '--input', x, '--force', ...outputs.flatMap((o) => ['--output', o]));
    assert.is(code, 0, err);
    assert.equal(
      found.outputs.map((o: { shape: number[] }) => o.shape),
      shapes,
    );
    return found.outputs.map((o: { file: string }) => o.file) as string[];
  };
  assert.equal((await run(inFolder('o.npy'))).map(read), shapes);
  assert.equal((await run(inFolder('a.npy'), inFolder('b.npy'))).map(read), shapes);
  assert.equal((await run(`softmax_1=${inFolder('s.npy')}`, `logistic_1=${inFolder('l.npy')}`)).map(read), shapes);
  const folder = await run(`${inFolder('outputs')}/`);
  assert.equal(folder.map(read), shapes);
  assert.equal(readdirSync(inFolder('outputs')).sort(), ['logistic_1.npy', 'softmax_1.npy']);
  const [archive] = await run(inFolder('o.npz'));
  assert.equal(Object.keys(unzipSync(readFileSync(archive))).sort(), ['logistic_1.npy', 'softmax_1.npy']);
});

test('folders of the system are no classes', async () => {
  const root = inFolder('shift');
  for (const [i, name] of ['ant', 'bee', 'cat', '__MACOSX', '@eaDir'].entries()) {
    mkdirSync(join(root, name), { recursive: true });
    if (i < 3) for (let k = 0; k < 4; k++) writeFileSync(join(root, name, `${k}.png`), png(1, 1, 1, 40 * i + k));
  }
  writeFileSync(join(root, '.DS_Store'), new Uint8Array(9));
  const made = { ...fruit(), x: { x: { x: new Float32Array(COUNT), shape: [COUNT, 1] } } };
  const tensors = made.graph.tensors.map((t, i) => (i === made.graph.inputs[0] ? { ...t, shape: [1, 1] } : t));
  const w = made.graph.nodes[0].inputs[1];
  tensors[w] = { ...tensors[w], shape: [16, 1], data: (tensors[w].data as Float32Array).slice(0, 16) };
  const model = put('one.tflite', exportTflite({ graph: { ...made.graph, tensors }, facts: {} }));
  const { code, found, err } = await json('evaluate', model, '--data', root);
  assert.is(code, 0, err);
  assert.equal([found.classNames, found.examples], [['ant', 'bee', 'cat'], 12]);
  assert.match(err, /passed over in shift, of the system or hidden: \.DS_Store, @eaDir, __MACOSX/);
});

test('what seems wrong gives a warning before the work: chance, classes in another order, another scale', async () => {
  const made = fruit();
  const { model } = files('fruit', made);
  const x = made.x.x.x as Float32Array;
  const warned = async (name: string, arrays: Parameters<typeof npz>[0], ...flags: string[]) =>
    (await json('evaluate', model, '--data', put(name, npz(arrays)), ...flags)).err;
  const shape = [COUNT, 3] as const;
  const shuffled = made.y.map((_, i) => made.y[(i * 263 + 11) % COUNT]) as Int32Array;
  assert.match(
    await warned('shuffled.npz', { x: [x, shape], y: [shuffled, [COUNT]] }),
    /no better than chance \(\d+\.\d %\): labels may be shuffled/,
  );
  const turned = made.y.map((v) => (v + 1) % 3) as Int32Array;
  assert.match(
    await warned('turned.npz', { x: [x, shape], y: [turned, [COUNT]] }),
    /another order: 0 is answered as 2, 1 is answered as 0, 2 is answered as 1/,
  );
  assert.not.match(await warned('right.npz', { x: [x, shape], y: [made.y, [COUNT]] }), /warning/);
  // The model knows values of about 1; the file holds bytes.
  const bytes = x.map((v) => Math.round(255 * v));
  const wrong = await warned('bytes.npz', { x: [bytes, shape], y: [made.y, [COUNT]] }, '--mean', '300');
  assert.match(wrong, /with (no --scale|--scale 1\/255) accuracy would be 9\d\.\d %, where it now is/);
});

test('nothing that could be trained: one message, and stages that have nothing to do say so', async () => {
  const net = buildNetwork('bare', [3], 1, 'x');
  const graph = net.finish(net.softmax(net.activate(net.input, 'relu')));
  const { model, data } = files('bare', { ...fruit(), graph });
  for (const verb of ['finetune', 'distill']) {
    const { code, err } = await thumbnet(verb, model, '--data', data, '--out', inFolder('bare-out.tflite'));
    assert.is(code, 2);
    assert.match(err, /error: the network has no weights that training could change\n {2}fix: /);
    assert.not.match(err, /\n\s+at /);
  }
  for (const verb of ['prune', 'quantize']) {
    const { code, err } = await thumbnet(verb, model, '--data', data, '--out', inFolder('bare-out.tflite'), '--force');
    assert.is(code, 0, err);
  }
});

test('train: a builder for the data, or the network of a file anew; the result is a model like any other', async () => {
  const made = twoInputs();
  const { model, data } = files('two-in', made);
  const out = inFolder('trained.tflite');
  const good = async (from: string, ...flags: string[]) => {
    const { code, found, err } = await json('train', from, '--data', data, '--out', out, '--force', '--epochs', '40', ...flags);
    assert.is(code, 0, err);
    assert.equal([found.task, found.metric], ['classification', 'accuracy']);
    const judged = await json('evaluate', out, '--data', data);
    assert.ok(judged.found.accuracy > 0.8, String(judged.found.accuracy));
    return readFileSync(out);
  };
  const bytes = await good('dense', '--inputs', 'accel,press', '--seed', '4');
  assert.equal(await good('dense', '--inputs', 'accel,press', '--seed', '4'), bytes);
  assert.not.equal(await good('dense', '--inputs', 'accel,press', '--seed', '5'), bytes);
  await good(model);
});

test('train: what cannot be', async () => {
  const { data } = files('logit', binary(false));
  const out = ['--data', data, '--out', inFolder('no.tflite')];
  const refused = async (args: string[], message: RegExp) => {
    const { code, err } = await json('train', ...args);
    assert.is(code, 2);
    assert.match(err, message);
  };
  await refused(['dense', ...out], /--task binary \(one output\) or classification \(two\)/);
  await refused(['denze', ...out], /neither a file nor a builder "denze"[\s\S]*dense, conv1d/);
  await refused(['resnet', ...out, '--task', 'binary'], /does not read examples of \[10\]/);
  await refused([inFolder('logit.tflite'), ...out, '--task', 'binary', '--depth', '3'], /--depth is for builders/);
  await refused(['dense', ...out, '--task', 'binary', '--width', '99'], /--width must be above 0 and at most 16/);
});

test.run();
