import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Graph, Node, Tensor } from '../../src/graph/graph.ts';
import { type LifetimeOptions, lifetimesOf, type Memory } from '../../src/graph/lifetimes.ts';

const tensor = (name: string, bytes: number): Tensor => ({ name, shape: [1, bytes], dtype: 'i8', data: null, quant: null });
const node = (op: string, inputs: number[], outputs: number[]): Node => ({ name: op, op, inputs, outputs, attrs: {} });

/** x -> conv -> a -> relu -> b -> add(b, x) -> c -> reshape -> d */
const graph: Graph = {
  name: 'small',
  tensors: [tensor('x', 8), tensor('a', 8), tensor('b', 8), tensor('c', 8), tensor('d', 8)],
  nodes: [node('conv2d', [0], [1]), node('relu', [1], [2]), node('add', [2, 0], [3]), node('reshape', [3], [4])],
  inputs: [0],
  outputs: [4],
};
const MEMORY: Record<string, Memory> = { conv2d: 'fresh', relu: 'in-place', add: 'in-place', reshape: 'view' };
const options: LifetimeOptions = { bytes: (t) => graph.tensors[t].shape[1], memory: (n) => MEMORY[n.op] };

test('views and in-place operators share bytes', () => {
  const { buffers, bufferOf } = lifetimesOf(graph, options);
  assert.equal([...bufferOf], [0, 1, 1, 1, 1]);
  assert.equal(buffers, [
    { bytes: 8, first: 0, last: 2 },
    { bytes: 8, first: 0, last: 3 },
  ]);
});

test('an operand that is read later is not overwritten', () => {
  const late = { ...graph, nodes: [...graph.nodes, node('add', [1, 4], [2])], outputs: [2] };
  const { bufferOf } = lifetimesOf({ ...late, nodes: [graph.nodes[0], graph.nodes[2], node('add', [1, 3], [4])] }, options);
  assert.is.not(bufferOf[1], bufferOf[3]);
});

test('keepInputs holds the input to the end, keepAll gives every tensor its own bytes', () => {
  assert.is(lifetimesOf(graph, { ...options, keepInputs: true }).buffers[0].last, 3);
  const all = lifetimesOf(graph, { ...options, keepAll: true });
  assert.is(all.buffers.length, 5);
  assert.ok(all.buffers.every((b) => b.last === 3));
});

test.run();
