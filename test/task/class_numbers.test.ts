/** A model that ends in ARG_MAX is a classification without scores: it is judged, and what needs scores says so. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { distill } from '../../src/distill/index.ts';
import { CompressError } from '../../src/errors.ts';
import { evaluateGraph, findTask } from '../../src/evaluate.ts';
import { exportTflite, importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph, Tensor } from '../../src/graph/graph.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize, toInteger } from '../../src/quant/index.ts';
import { buildNetwork } from '../../src/run/build.ts';
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

test('what needs scores says so', async () => {
  const graph = network();
  const says = async (run: () => Promise<unknown>) => {
    const error = await run().catch((e: unknown) => e);
    assert.match(String(error), /the output "number" gives class numbers without scores/);
  };
  await says(() => evaluateGraph(graph, data, 'test', { top: 2 }));
  const model = { graph, facts: {} };
  const context = { heap, data: parted, task: findTask(heap, graph, parted), seed: 0, original: model } as never;
  for (const stage of [finetune({ epochs: 1 }), distill({ epochs: 1 })]) await says(() => runPipeline(model, [stage], context));
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
