/** A model that ends in ARG_MAX is a classification without scores: it is judged, and trained through the scores before it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { distill } from '../../src/distill/index.ts';
import { CompressError } from '../../src/errors.ts';
import { evaluateGraph, findTask } from '../../src/evaluate.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph, Node, Tensor } from '../../src/graph/graph.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize } from '../../src/quant/index.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { toInteger } from '../../src/run/integer.ts';
import type { Stage } from '../../src/stage.ts';
import { describeTask } from '../../src/task/index.ts';
import { finetune } from '../../src/train/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { largest, rows } from '../cases/make.ts';

const COUNT = 200;
const heap = await Heap.open();
const x = rows(COUNT, 3, 'class numbers');
const labels = Int32Array.from({ length: COUNT }, (_, i) => largest([...x.subarray(3 * i, 3 * i + 3)]));
// every fifth label is not what the network answers
const y = labels.map((label, i) => (i % 5 === 0 ? (label + 1) % 3 : label));
const data = await loadDataset({ x, y, shape: [COUNT, 3] }, { whole: true });
const parted = await loadDataset({ x, y, shape: [COUNT, 3] });

/** The place of the largest of three inputs; with `scores` those are an output too. */
function network(scores = false): Graph {
  const net = buildNetwork('which', [3], 1, 'x');
  const dense = net.finish(net.dense(net.input, 3));
  const [y] = dense.outputs;
  const weights = dense.nodes[0].inputs[1];
  const identity = Float32Array.of(5, 0, 0, 0, 5, 0, 0, 0, 5);
  const number: Tensor = { name: 'number', shape: [1], dtype: 'i32', data: null, quant: null };
  const tensors = [...dense.tensors.map((t, i) => (i === weights ? { ...t, data: identity } : t)), number];
  const t = tensors.length - 1;
  const nodes = [...dense.nodes, { name: 'arg', op: 'argMax', inputs: [y], outputs: [t], attrs: { axis: 1 } }];
  return { ...dense, tensors, nodes, outputs: scores ? [y, t] : [t] };
}

test('its accuracy is that of its class numbers, in floats, in a file and in integers', async () => {
  const graph = network();
  assert.match(
    describeTask(findTask(heap, graph, data), graph),
    /^classification into 3 classes, by output "number" .*without scores/,
  );
  const found = await evaluateGraph(importTflite(exportTflite(graph)), data);
  assert.is(found.task, 'classification');
  assert.is(found.correct, 160);
  assert.equal(found.classes.length, 3);
  const task = findTask(heap, graph, parted);
  const quantized = await runPipeline({ graph, facts: {} }, [quantize({})], { heap, data: parted, task, seed: 0 } as never);
  assert.ok(quantized.facts.quantization!.outputError > 0); // of the scores: hardly a class number changes
  assert.ok((await evaluateGraph(toInteger(quantized.graph), data)).correct! > 150);
});

test('beside scores, those are judged', () => {
  const { isIndex, output } = findTask(heap, network(true), data);
  assert.equal([isIndex, output], [false, 0]);
});

test('the largest outputs cannot be asked for: there are no scores', async () => {
  const error = await evaluateGraph(network(), data, 'test', { top: 2 }).catch((e: unknown) => e);
  assert.match(String(error), /the output "number" gives class numbers without scores/);
});

/** A network that has to learn: the middle one of its weights' rows answers too often. */
function unlearned(scores: boolean, softmax = false): Graph {
  const net = buildNetwork('which', [3], 3, 'x');
  const dense = net.finish(net.dense(net.dense(net.input, 8, { activation: 'relu' }), 3));
  const [y] = dense.outputs;
  const tensors: Tensor[] = [...dense.tensors];
  const add = (name: string, op: string, from: number, tensor: Tensor, attrs: Node['attrs']): [number, Node] => {
    const t = tensors.push(tensor) - 1;
    return [t, { name, op, inputs: [from], outputs: [t], attrs }];
  };
  const [p, soft] = add('soft', 'softmax', y, { ...tensors[y], name: 'soft' }, { beta: 1 });
  const from = softmax ? p : y;
  const [t, arg] = add('arg', 'argMax', from, { name: 'number', shape: [1], dtype: 'i32', data: null, quant: null }, { axis: 1 });
  return { ...dense, tensors, nodes: [...dense.nodes, ...(softmax ? [soft] : []), arg], outputs: scores ? [from, t] : [t] };
}

const learned = async (graph: Graph, ...stages: Stage[]) => {
  const clean = { ...parted, train: { ...parted.train!, y: labelsOf(parted.train!.inputs[0]) } };
  const model = { graph, facts: {} };
  return runPipeline(model, stages, { heap, data: clean, seed: 0, original: { graph: network(), facts: {} } });
};

const labelsOf = (values: ArrayLike<number>) =>
  Int32Array.from({ length: values.length / 3 }, (_, i) => largest([values[3 * i], values[3 * i + 1], values[3 * i + 2]]));

const rightOf = async (graph: Graph) => (await evaluateGraph(importTflite(exportTflite(graph)), data)).correct!;

test('it is trained through the scores before its end, which stays', async () => {
  const brief = { epochs: 30, batch: 16, learningRate: 0.01 };
  const given = await rightOf(unlearned(false));
  assert.ok(given < 120, String(given));
  for (const [graph, ...stages] of [
    [unlearned(false), finetune(brief)],
    [unlearned(true), finetune({ ...brief, patience: 20 })],
    [unlearned(true, true), finetune(brief)],
    [unlearned(false), distill({ ...brief, teacher: 'original', weight: 1, temperature: 1 })],
    [unlearned(false, true), finetune(brief), quantize({}), finetune({ ...brief, epochs: 2, qat: 'learned' })],
  ] as const) {
    const { graph: made } = await learned(graph, ...stages);
    const names = made.outputs.map((t) => made.tensors[t].name);
    assert.equal(
      names,
      graph.outputs.map((t) => graph.tensors[t].name),
    );
    assert.equal(
      made.nodes.map((n) => n.op),
      graph.nodes.map((n) => n.op),
    );
    const right = await rightOf(stages.length > 1 ? toInteger(made) : made);
    assert.ok(right >= 140, `${stages.map((s) => s.name)}: ${right}`);
  }
});

test('the same weights as without the ARG_MAX; softmax or not', async () => {
  const weights = ({ tensors }: Graph) => tensors.filter((t) => t.data).map((t) => t.data);
  const brief = finetune({ epochs: 2, batch: 16 });
  const whole = unlearned(false);
  const open = { ...whole, nodes: whole.nodes.slice(0, -1), outputs: whole.nodes.at(-1)!.inputs };
  const expected = weights((await learned(open, brief)).graph);
  for (const graph of [whole, unlearned(true), unlearned(false, true), unlearned(true, true)])
    assert.equal(weights((await learned(graph, brief)).graph), expected);
});

test('classes on another axis than the last are refused where scores are needed', async () => {
  const net = buildNetwork('map', [3, 2, 1], 1, 'x');
  const graph = net.finish(net.conv2d(net.input, 2, { kernel: [1, 1] }));
  const t = graph.tensors.length;
  const tensors = [...graph.tensors, { name: 'number', shape: [1, 2, 2], dtype: 'i32' as const, data: null, quant: null }];
  const arg = { name: 'arg', op: 'argMax', inputs: [graph.outputs[0]], outputs: [t], attrs: { axis: 1 } };
  const map = { ...graph, tensors, nodes: [...graph.nodes, arg], outputs: [t] };
  const places = await loadDataset({
    x: rows(10, 6, 'map'),
    y: new Int32Array(40).map((_, i) => i % 3),
    shape: [10, 3, 2, 1],
  });
  const run = () => runPipeline({ graph: map, facts: {} }, [finetune({ epochs: 1 })], { heap, data: places, seed: 0 } as never);
  const error = await run().catch((e: unknown) => e);
  assert.match(String(error), /is an ARG_MAX along axis 1 of "\S+" \[1,3,2,2\], and training needs the classes on the last axis/);
});

test('it is no regression, and rows of numbers do not fit it', async () => {
  const numbers = await loadDataset({ x, y: Float32Array.from(y, (v) => v + 0.5), shape: [COUNT, 3] }, { whole: true });
  for (const [of, task] of [
    [data, 'regression'],
    [numbers, undefined],
  ] as const) {
    const error: unknown = await evaluateGraph(network(), of, 'test', task && { task }).catch((e) => e);
    assert.instance(error, CompressError);
    assert.is((error as CompressError).code, 'bad-data', String(error));
  }
});

test.run();
