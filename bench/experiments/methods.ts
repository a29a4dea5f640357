/**
 * Accuracy of quantized networks by method, mean of three seeds with the paired interval against the model as given: in 8 bits, in weights of
 * 4 bits by rounding, and after training in 4 bits. `--large-unit`: of the model with one unit 2000 times as large. Settings were chosen on validation parts; `--test` judges the default ones on the test part.
 *
 *     node --import tsx bench/experiments/methods.ts resnet8 ds-cnn vww [--test] [--large-unit] [--only NAME] [--seeds N]
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Dataset, loadDataset, takeExamples } from '../../src/data/index.ts';
import { splitStratified } from '../../src/data/split.ts';
import { distill } from '../../src/distill/index.ts';
import { judge } from '../../src/evaluate.ts';
import { consumers, indexAlong, withTensors } from '../../src/graph/graph.ts';
import { asStored } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize } from '../../src/quant/index.ts';
import { layerOf } from '../../src/run/layers.ts';
import type { Model, Stage } from '../../src/stage.ts';
import { recognizeTask } from '../../src/task/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { neededPath } from '../../test/shared.ts';
import { JOBS, modelFile } from './jobs.ts';

const aware = (epochs: number, learningRate: number): Stage[] => [
  quantize({ weightBits: 4 }),
  distill({
    teacher: 'original',
    epochs,
    learningRate,
    batch: 32,
    qat: 'learned',
    temperature: 4,
    weight: 0.7,
    freezeRanges: 0.2,
  }),
];
const METHODS: Readonly<Record<string, Stage[]>> = {
  int8: [quantize()],
  'int8, nothing mended': [quantize({ equalize: 'off', biasCorrection: 'off' })],
  'int8, learned rounding': [quantize({ rounding: 'learned' })],
  '4 bits, nearest': [quantize({ weightBits: 4, rounding: 'nearest' })],
  '4 bits, gptq': [quantize({ weightBits: 4, rounding: 'gptq' })],
  '4 bits, learned': [quantize({ weightBits: 4, rounding: 'learned' })],
  '4 bits, trained': aware(4, 3e-4),
};
const TESTED = ['int8', 'int8, learned rounding', '4 bits, nearest', '4 bits, learned', '4 bits, trained'];

/** Pictures at even places calibrate and choose, those at odd ones judge. */
async function persons(): Promise<{ model: Model; data: Dataset }> {
  const path = neededPath('data/vww01/test.npz');
  const model = await modelFile('vww_96_float.tflite');
  const all = await loadDataset(path, { model, whole: true, scale: 1 / 255 });
  const whole = all.test!;
  const isOdd = (i: number) => i % 2 === 1;
  const places = Array.from({ length: whole.count }, (_, i) => i);
  const even = takeExamples(
    whole,
    places.filter((i) => !isOdd(i)),
  );
  const [train, validation] = splitStratified(even, all.inputs[0].shape, [0.5, 0.5], 0);
  const part = (p: ArrayLike<number>) => takeExamples(even, p);
  const test = takeExamples(whole, places.filter(isOdd));
  return { model, data: { ...all, train: part(train), validation: part(validation), test } };
}

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
const args = process.argv.slice(2);
const valueAfter = (flag: string) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : null);
const isTest = args.includes('--test');
const part = isTest ? 'test' : 'validation';
const only = valueAfter('--only');
const seeds = Number(valueAfter('--seeds') ?? 3);
const percent = (share: number) => (100 * share).toFixed(2);
const named = args.filter((a, i) => !a.startsWith('--') && !['--only', '--seeds'].includes(args[i - 1]));

for (const name of named) {
  const job = name === 'vww' ? await persons() : await JOBS[name](0, join(tmpdir(), 'thumbnet-jobs'));
  const { data } = job;
  const model = args.includes('--large-unit') ? withLargeUnit(job.model) : job.model;
  const task = recognizeTask(model.graph, data);
  const judged = (graph: Model['graph']) => judge(heap, graph, data, part, task);
  const given = judged(model.graph);
  console.log(`${name}: ${data[part]!.count} examples of the ${part} part, floats ${percent(given.evaluation.accuracy!)} %`);
  const methods = only ? [only] : isTest ? TESTED : Object.keys(METHODS);
  for (const method of methods) {
    const runs: { accuracy: number; scores: Float64Array }[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const found = await runPipeline(model, METHODS[method], { heap, data, task, seed, original: model });
      const { evaluation, scores } = judged(asStored(found));
      runs.push({ accuracy: evaluation.accuracy!, scores });
    }
    // Of each example the mean of the seeds; its difference from the model as given.
    const differences = given.scores.map((g, i) => runs.reduce((sum, r) => sum + r.scores[i], 0) / runs.length - g);
    const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
    const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (differences.length - 1);
    const half = 1.96 * Math.sqrt(variance / differences.length);
    const accuracy = runs.reduce((sum, r) => sum + r.accuracy, 0) / runs.length;
    const each = runs.map((r) => percent(r.accuracy)).join(', ');
    console.log(`  ${method}: ${percent(accuracy)} % (${each}); ${percent(mean)} +- ${percent(half)} points against floats`);
  }
}
