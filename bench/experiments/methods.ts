/**
 * Accuracy of quantized networks by method, mean of three seeds with the paired interval against the model as given: in 8 bits, in weights of
 * 4 bits by rounding, and after training in 4 bits. `--large-unit`: of the model with one unit 2000 times as large. Settings were chosen on
 * validation parts; `--test` judges the default ones on the test part and, where all of them were, writes its columns in the table of README.md.
 *
 * A run that was stopped goes on where it was.
 *
 *     node --import tsx bench/experiments/methods.ts resnet8 ds-cnn vww [--test] [--large-unit] [--only NAME] [--seeds N] [--train JSON]
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { distill } from '../../src/distill/index.ts';
import { judge } from '../../src/evaluate.ts';
import { consumers, indexAlong, withTensors } from '../../src/graph/graph.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize } from '../../src/quant/index.ts';
import { layerOf } from '../../src/run/layers.ts';
import type { Model, Stage } from '../../src/stage.ts';
import { recognizeTask } from '../../src/task/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { table } from '../section.ts';
import { JOBS } from './jobs.ts';
import { kept, keyOf } from './kept.ts';
import { paired, percent, shown } from './paired.ts';
import { readTable, writeSection } from './sections.ts';

const args = process.argv.slice(2);
const valueAfter = (flag: string) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : null);

/** Chosen on validation parts. */
const TRAINING = {
  teacher: 'original',
  epochs: 4,
  learningRate: 3e-4,
  batch: 32,
  qat: 'learned',
  temperature: 4,
  weight: 0.7,
  freezeRanges: 0.2,
} as const;
const aware = (): Stage[] => [
  quantize({ weightBits: 4 }),
  distill({ ...TRAINING, ...JSON.parse(valueAfter('--train') ?? '{}') }),
];
const METHODS: Readonly<Record<string, Stage[]>> = {
  int8: [quantize()],
  'int8, nothing mended': [quantize({ equalize: 'off', biasCorrection: 'off' })],
  'int8, learned rounding': [quantize({ rounding: 'learned' })],
  '4 bits, to the nearest': [quantize({ weightBits: 4, rounding: 'nearest' })],
  '4 bits, gptq': [quantize({ weightBits: 4, rounding: 'gptq' })],
  '4 bits, learned': [quantize({ weightBits: 4, rounding: 'learned' })],
  '4 bits, trained': aware(),
};
const TESTED = ['int8', 'int8, learned rounding', '4 bits, to the nearest', '4 bits, learned', '4 bits, trained'];

/** The same function with one unit of a layer 2000 times as large, and the layers that read it so much smaller. */
function withLargeUnit({ graph, facts }: Model): Model {
  const readers = consumers(graph);
  const found = graph.nodes.flatMap((node) => {
    const [layer, next] = [layerOf(node), graph.nodes[readers[node.outputs[0]][0]]];
    const isPair = node.op === 'conv2d' && next?.op === 'conv2d' && readers[node.outputs[0]].length === 1;
    return isPair && layer && ['none', 'relu'].includes(node.attrs.activation as string) ? [{ layer, next: layerOf(next)! }] : [];
  });
  if (!found.length) throw new Error('no convolution is read by one convolution alone');
  const { layer, next } = found[0];
  const scaled = (t: number, by: (i: number) => number) => {
    const tensor = graph.tensors[t];
    return [t, { ...tensor, data: (tensor.data as Float32Array).map((w, i) => w * by(i)) }] as const;
  };
  const [units, depth] = [graph.tensors[layer.weights], graph.tensors[next.weights].shape.at(-1)!];
  const unit = indexAlong(units.shape, layer.axis);
  const changes = [
    scaled(layer.weights, (i) => (unit(i) === 0 ? 2000 : 1)),
    scaled(layer.bias, (i) => (i === 0 ? 2000 : 1)),
    scaled(next.weights, (i) => (i % depth === 0 ? 1 / 2000 : 1)),
  ];
  return { graph: withTensors(graph, new Map(changes)), facts };
}

const heap = await Heap.open();
const folder = join(tmpdir(), 'thumbnet-methods');
const isTest = args.includes('--test');
const part = isTest ? 'test' : 'validation';
const only = valueAfter('--only');
const seeds = Number(valueAfter('--seeds') ?? 3);
const named = args.filter((a, i) => Object.hasOwn(JOBS, a) && !args[i - 1]?.startsWith('--'));
const methods = only ? [only] : isTest ? TESTED : Object.keys(METHODS);

/** Of the table: a network, and what each method makes of it. */
interface Column {
  readonly head: string;
  readonly cells: ReadonlyMap<string, string>;
}

/** Networks that another run judged. */
function otherColumns(): Column[] {
  const [[, ...heads], ...rows] = readTable('methods');
  const all = heads.map((head, i) => ({ head, cells: new Map(rows.map((row) => [row[0], row[i + 1]])) }));
  return all.filter(({ head }) => !named.includes(head.split(' ')[0]));
}

const columns: Column[] = [];

for (const name of named) {
  const job = await JOBS[name](0, join(tmpdir(), 'thumbnet-jobs'));
  const { data } = job;
  const model = args.includes('--large-unit') ? withLargeUnit(job.model) : job.model;
  const task = recognizeTask(model.graph, data);
  const judged = (graph: Model['graph']) => judge(heap, graph, data, part, task);
  const given = judged(model.graph);
  const floats = `${percent(given.evaluation.accuracy!)} %`;
  console.log(`${name}: ${data[part]!.count} examples of the ${part} part, floats ${floats}`);
  const cells = new Map<string, string>();
  for (const method of methods) {
    const runs: Float64Array[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const context = { heap, data, task, seed, original: model };
      const key = keyOf({
        name,
        large: model !== job.model,
        stages: METHODS[method].map(({ name: stage, options }) => ({ stage, options })),
      });
      const found = await kept(folder, `${name}-${key}-${seed}`, () => runPipeline(model, METHODS[method], context));
      runs.push(judged(found.graph).scores);
    }
    const difference = paired(runs, given.scores);
    cells.set(method, shown(difference));
    console.log(`  ${method}: ${shown(difference)} (${difference.accuracies.map(percent).join(', ')})`);
  }
  columns.push({ head: `${name} (${data[part]!.count}; ${floats})`, cells });
}
if (isTest && !only && !args.includes('--large-unit')) {
  const all = [...otherColumns(), ...columns].sort((a, b) => (a.head < b.head ? -1 : 1));
  const rows = methods.map((method) => [method, ...all.map(({ cells }) => cells.get(method) ?? '')]);
  writeSection('methods', table(['method', ...all.map(({ head }) => head)], rows));
}
