import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BUILDERS, buildModel, reinitialized } from '../../src/builders/index.ts';
import { CompressError } from '../../src/errors.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { exportTflite } from '../../src/index.ts';
import { inspect } from '../../src/inspect.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { noise } from '../wasm/close.ts';

const heap = await Heap.open();

/** Outputs of a graph for noise. */
const answers = (graph: Graph): number[] =>
  heap.scope(() => {
    const program = compile(heap, graph);
    program.inputs.forEach((x, i) => {
      heap.write(
        x,
        noise(
          x.shape.reduce((a, b) => a * b, 1),
          `input ${i}`,
        ),
      );
    });
    program.run();
    return program.outputs.flatMap((y) => [...(heap.read(y) as Float32Array)]);
  });

const SHAPES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  dense: [[7], [16, 3], [8, 8, 1]],
  conv1d: [[64], [64, 3], [9, 1]],
  conv2d: [
    [28, 28],
    [32, 32, 3],
    [5, 7, 1],
  ],
  'ds-cnn': [
    [49, 10],
    [32, 32, 3],
    [6, 6],
  ],
  resnet: [
    [28, 28],
    [32, 32, 3],
    [9, 8, 1],
  ],
};

const HEADS = [
  ['classification', 5, 'softmax'],
  ['binary', 1, 'logistic'],
  ['multilabel', 3, 'logistic'],
  ['regression', 2, 'fullyConnected'],
] as const;

test('every builder has shapes to be tested with', () => assert.equal(Object.keys(SHAPES), Object.keys(BUILDERS)));

for (const [name, shapes] of Object.entries(SHAPES)) {
  for (const shape of shapes) {
    test(`${name} of [${shape}]: every task's end, finite answers, the same from its file`, () => {
      for (const [task, outputs, ends] of HEADS) {
        const graph = buildModel(name, { inputs: [{ name: 'signal', shape }], task, outputs, seed: 3 });
        assert.equal(graph.tensors[graph.outputs[0]].shape, [1, outputs]);
        assert.is(graph.nodes.at(-1)!.op, ends);
        assert.is(graph.tensors[graph.inputs[0]].name, 'signal');
        const y = answers(graph);
        assert.ok(y.every(Number.isFinite));
        const file = importTflite(exportTflite({ graph, facts: {} }));
        // Batch normalization is folded: other roundings.
        for (const [i, v] of answers(file).entries())
          assert.ok(Math.abs(v - y[i]) < 1e-4 * (1 + Math.abs(y[i])), `${v} and ${y[i]}`);
      }
    });
  }
}

test('width and depth change the size; the seed alone changes the weights', () => {
  const of = (options: { width?: number; depth?: number } = {}, seed = 1) =>
    buildModel('conv2d', { inputs: [{ name: 'x', shape: [16, 16, 1] }], task: 'classification', outputs: 4, seed }, options);
  const size = (g: Graph) => inspect({ graph: g, facts: {} }).parameters;
  assert.ok(size(of({ width: 0.5 })) < size(of()) && size(of()) < size(of({ width: 2 })));
  assert.ok(size(of({ depth: 2 })) < size(of({ depth: 4 })));
  assert.equal(of(), of());
  assert.not.equal(of(), of({}, 2));
});

test('several inputs have a body each; a vector beside a picture has dense layers', () => {
  const inputs = [
    { name: 'picture', shape: [16, 16, 1] },
    { name: 'sensors', shape: [4] },
  ];
  const graph = buildModel('conv2d', { inputs, task: 'regression', outputs: 3, seed: 1 });
  assert.equal(
    graph.inputs.map((t) => graph.tensors[t].name),
    ['picture', 'sensors'],
  );
  assert.is(answers(graph).length, 3);
  const kinds = graph.nodes.map((n) => n.op);
  assert.ok(kinds.includes('conv2d') && kinds.includes('concat') && kinds.filter((k) => k === 'fullyConnected').length === 4);
});

test('what cannot be built is refused', () => {
  const refuses = (work: () => unknown, message: RegExp) =>
    assert.throws(work, (e: CompressError) => e instanceof CompressError && e.code === 'bad-option' && message.test(e.message));
  const purpose = { inputs: [{ name: 'x', shape: [9] }], task: 'binary', outputs: 1, seed: 1 } as const;
  refuses(() => buildModel('transformer', purpose), /no builder "transformer"[\s\S]*dense, conv1d/);
  refuses(() => buildModel('resnet', purpose), /does not read examples of \[9\][\s\S]*dense or conv1d/);
  refuses(() => buildModel('dense', purpose, { width: 0 }), /width must be above 0/);
});

test('a network begins anew: other weights, zero biases, the same structure', () => {
  const graph = buildModel('resnet', { inputs: [{ name: 'x', shape: [8, 8, 3] }], task: 'classification', outputs: 3, seed: 1 });
  const file = importTflite(exportTflite({ graph, facts: {} }));
  const fresh = reinitialized(file, 5);
  assert.equal(
    fresh.nodes.map((n) => n.op),
    file.nodes.map((n) => n.op),
  );
  for (const { op, inputs } of fresh.nodes) {
    if (op !== 'conv2d' && op !== 'fullyConnected') continue;
    const [, w, b] = inputs;
    assert.not.equal(fresh.tensors[w].data, file.tensors[w].data);
    assert.ok((fresh.tensors[b].data as Float32Array).every((v) => v === 0));
    const fanIn = fresh.tensors[w].shape.slice(1).reduce((a, c) => a * c, 1);
    const largest = Math.max(...(fresh.tensors[w].data as Float32Array).map(Math.abs));
    assert.ok(largest <= Math.sqrt(6 / fanIn) && largest > 0.7 * Math.sqrt(6 / fanIn), `${largest} of ${Math.sqrt(6 / fanIn)}`);
  }
  assert.equal(reinitialized(file, 5), fresh);
  const bare: Graph = { ...file, nodes: file.nodes.filter((n) => n.op === 'softmax') };
  assert.throws(() => reinitialized(bare, 1), /no layer with weights/);
});

test.run();
