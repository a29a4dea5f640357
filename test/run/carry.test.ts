import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gestures } from '../../src/demo/gestures.ts';
import { type Graph, sizeOf, withTensors } from '../../src/graph/graph.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { Carry, carriedBytes } from '../../src/run/carry.ts';
import { drawExamples, observe } from '../../src/run/observe.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const data = gestures();

/** Two ways that meet again, and a tensor that is read late. */
function branched(): Graph {
  const net = buildNetwork('branched', [128, 1, 3], 1);
  const x = net.conv2d(net.input, 4, { kernel: [5, 1], stride: [4, 1], activation: 'relu' });
  const y = net.conv2d(net.depthwiseConv2d(x, { kernel: [3, 1] }), 4, { kernel: [1, 1] });
  const z = net.conv2d(net.add(x, y, { activation: 'relu' }), 5, { kernel: [3, 1], stride: [2, 1] });
  return net.finish(net.softmax(net.dense(net.globalMean(z), 6)));
}

for (const count of [1, 16, 31]) {
  test(`${count} examples: node by node gives what the whole graph gives`, () => {
    const graph = branched();
    const examples = drawExamples(data, count, 1, 'test');
    const expected = new Map(graph.nodes.flatMap((n) => n.outputs).map((t) => [t, [] as number[]]));
    heap.scope(() => {
      const run = observe(heap, graph, examples);
      run(({ operands }) => () => {
        for (const [t, values] of expected) values.push(...(heap.read(operands[t]) as Float32Array));
      });
    });
    const used = heap.used;
    const carry = new Carry(heap, graph, examples);
    for (const node of graph.nodes) {
      carry.run(graph, node);
      const [t] = node.outputs;
      if (graph.outputs.includes(t)) continue;
      const values = carry.of(t).flatMap((b) => [...(b.values as Float32Array)]);
      assert.equal(values, expected.get(t));
      for (const { shape, values } of carry.of(t)) assert.is(sizeOf(shape), values.length);
    }
    assert.is(heap.used, used);
  });
}

test('a tensor without further consumers is dropped', () => {
  const graph = branched();
  const carry = new Carry(heap, graph, drawExamples(data, 4, 1, 'test'));
  const [first, depthwise, pointwise, add] = graph.nodes;
  carry.run(graph, first);
  assert.is(carry.of(graph.inputs[0]), undefined);
  for (const node of [depthwise, pointwise]) carry.run(graph, node);
  assert.ok(carry.of(first.outputs[0]));
  assert.is(carry.of(depthwise.outputs[0]), undefined);
  carry.run(graph, add);
  assert.is(carry.of(first.outputs[0]), undefined);
  // Input and first output; or the first, depthwise and pointwise outputs.
  assert.is(carriedBytes(graph), 4 * Math.max(128 * 3 + 32 * 4, 3 * 32 * 4));
});

test('weights may change while the graph is walked', () => {
  const graph = branched();
  const carry = new Carry(heap, graph, drawExamples(data, 4, 1, 'test'));
  const [first] = graph.nodes;
  const [, w, b] = first.inputs;
  const bias = { ...graph.tensors[b], data: new Float32Array(4).fill(3) };
  const zero = { ...graph.tensors[w], data: (graph.tensors[w].data as Float32Array).map(() => 0) };
  carry.run(
    withTensors(
      graph,
      new Map([
        [w, zero],
        [b, bias],
      ]),
    ),
    first,
  );
  assert.ok(carry.of(first.outputs[0]).every(({ values }) => (values as Float32Array).every((v) => v === 3)));
});

test.run();
