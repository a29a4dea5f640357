/** The ONNX reader on networks of PyTorch's two exporters, with PyTorch's answers, and on real models with their accuracies. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { evaluateGraph } from '../../src/evaluate.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { fileShape } from '../../src/graph/file_order.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { compile, isBatchable } from '../../src/run/compile.ts';
import type { Model } from '../../src/stage.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { sharedPath } from '../shared.ts';
import { close, runInFileOrder } from './agree.ts';
import { given } from './given.ts';

const heap = await Heap.open();
const FIXTURES = new URL('../fixtures/onnx/', import.meta.url);

interface Fixture {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>>;
}

const run = (graph: Graph, inputs: Readonly<Record<string, Float32Array>>) => runInFileOrder(heap, graph, inputs);
const load = async (bytes: Uint8Array): Promise<Model> => loadModel(bytes);
const count = (graph: Graph, op: string) => graph.nodes.filter((n) => n.op === op).length;

/** Transposes that are left: sequences of both directions are joined by reshapes while time stands in front. */
const LEFT: Readonly<Record<string, number>> = { 'gru_bidirectional.onnx': 4 };

for (const file of readdirSync(FIXTURES).filter((name) => name.endsWith('.onnx'))) {
  const bytes = readFileSync(new URL(file, FIXTURES));
  const facts: Fixture = JSON.parse(readFileSync(new URL(file.replace('.onnx', '.json'), FIXTURES), 'utf8'));

  test(`${file}: PyTorch's answers, and no transpose is left that need not be`, async () => {
    const { graph, facts: known } = await load(bytes);
    assert.is(known.notes, undefined);
    assert.equal(Object.fromEntries(graph.inputs.map((t) => [graph.tensors[t].name, fileShape(graph.tensors[t])])), facts.inputs);
    assert.is(count(graph, 'transpose'), LEFT[file] ?? 0);
    assert.is(isBatchable(graph), file !== 'gru_bidirectional.onnx');
    const inputs = Object.fromEntries(Object.entries(facts.inputs).map(([name, shape]) => [name, given(sizeOf(shape))]));
    const outputs = run(graph, inputs);
    graph.outputs.forEach((t) => {
      const { name } = graph.tensors[t];
      assert.equal(fileShape(graph.tensors[t]), facts.outputs[name].shape);
      close(outputs[name], facts.outputs[name].values, `${file} ${name}`);
    });
  });

  test(`${file}: two examples at once answer as one after the other`, async () => {
    const { graph } = await load(bytes);
    if (!isBatchable(graph)) return;
    heap.scope(() => {
      const programs = [1, 2].map((batch) => compile(heap, graph, { batch }));
      const examples = [0, 1].map((k) =>
        graph.inputs.map((t) => given(sizeOf(graph.tensors[t].shape)).map((v) => (k ? v * v - 0.3 : v))),
      );
      programs[1].inputs.forEach((x, i) => {
        heap.write(x, [...examples[0][i], ...examples[1][i]]);
      });
      programs[1].run();
      examples.forEach((values, k) => {
        values.forEach((v, i) => {
          heap.write(programs[0].inputs[i], v);
        });
        programs[0].run();
        programs[0].outputs.forEach((y, o) => {
          const size = sizeOf(y.shape);
          close(
            heap.read(programs[1].outputs[o], k * size, size) as Float32Array,
            [...(heap.read(y) as Float32Array)],
            `${file}, example ${k}`,
          );
        });
      });
    });
  });

  test(`${file}: written as .tflite it computes the same`, async () => {
    const model = await load(bytes);
    const inputs = Object.fromEntries(
      model.graph.inputs.map((t) => [model.graph.tensors[t].name, given(sizeOf(model.graph.tensors[t].shape))]),
    );
    const plain = (graph: Graph): Graph => ({ ...graph, tensors: graph.tensors.map(({ fileOrder: _, ...t }) => t) });
    const again = importTflite(exportTflite(asStored(model)));
    const [mine, theirs] = [run(plain(asStored(model)), inputs), run(again, inputs)];
    for (const [name, values] of Object.entries(mine)) close(theirs[name], values, `${file} ${name}`);
  });
}

test('batch normalizations are kept for training', async () => {
  const { graph } = await load(readFileSync(new URL('resnet18_norms.onnx', FIXTURES)));
  assert.is(count(graph, 'batchNorm'), 20);
});

const REAL: readonly [model: string, data: string, options: Parameters<typeof loadDataset>[1], percent: number][] = [
  ['mnist-8', 'mnist', {}, 98.9],
  ['squeezenet_cifar10', 'cifar10/test.npz', { scale: 1 / 255 }, 76.5],
  ['kws_dscnn_small_alibaba', 'kws01/test_mfcc.npz', {}, 89.8],
];

for (const [name, data, options, percent] of REAL) {
  const paths = [sharedPath(`data/models/${name}.onnx`), sharedPath(`data/${data}`)] as const;
  if (!paths[0] || !paths[1]) continue;
  test(`${name} has the accuracy that is stated`, async () => {
    const { graph } = await load(readFileSync(paths[0]!));
    const folder = data === 'mnist' ? null : readFileSync(paths[1]!);
    const files = folder
      ? { 'test.npz': folder }
      : Object.fromEntries(
          readdirSync(paths[1]!)
            .filter((f) => f.startsWith('t10k'))
            .map((f) => [f, readFileSync(`${paths[1]}/${f}`)]),
        );
    const dataset = await loadDataset(files, { ...options, whole: true });
    const { accuracy } = await evaluateGraph(graph, dataset);
    assert.is(Math.round(1000 * accuracy!) / 10, percent);
  });
}

test.run();
