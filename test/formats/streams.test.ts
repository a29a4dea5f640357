/** Networks that keep the end of their input from call to call: read, run, pruned, quantized and written with their state. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { readTflite } from '../../src/formats/tflite/import.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph, Quantization, Tensor } from '../../src/graph/graph.ts';
import { channelGroups, cutOf } from '../../src/prune/groups.ts';
import { cutChannels } from '../../src/run/channels.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';

const q: Quantization = { bits: 8, scales: [0.05], zeros: [-3], axis: null };
const w: Quantization = { bits: 8, scales: [0.02], zeros: [0], axis: null };
const b: Quantization = { bits: 32, scales: [Math.fround(0.05 * Math.fround(0.02))], zeros: [0], axis: null };

/** x [1, 2, 1, 3] -> convolution 4 -> stream of 3 more rows -> convolution over all 5 rows -> [1, 1, 1, 2] */
function streaming(): Graph {
  const tensor = (name: string, shape: number[], quant: Quantization, more: Partial<Tensor> = {}): Tensor => ({
    name,
    shape,
    dtype: 'i8',
    data: null,
    quant,
    ...more,
  });
  const weights = (name: string, shape: number[]) => {
    const size = shape.reduce((p, n) => p * n, 1);
    return tensor(name, shape, w, { data: Int8Array.from({ length: size }, (_, i) => ((i * 37) % 101) - 50) });
  };
  const bias = (name: string, size: number) =>
    tensor(name, [size], b, { dtype: 'i32', data: Int32Array.from({ length: size }, (_, i) => i * 100) });
  const attrs = { stride: [1, 1], padding: 'valid', activation: 'none', dilation: [1, 1], groups: 1 };
  return {
    name: 'streaming',
    tensors: [
      tensor('x', [1, 2, 1, 3], q),
      weights('w1', [4, 1, 1, 3]),
      bias('b1', 4),
      tensor('h', [1, 2, 1, 4], q),
      tensor('kept', [1, 3, 1, 4], q, { variable: true }),
      tensor('all', [1, 5, 1, 4], q),
      weights('w2', [2, 5, 1, 4]),
      bias('b2', 2),
      tensor('y', [1, 1, 1, 2], q),
    ],
    nodes: [
      { name: 'h', op: 'conv2d', inputs: [0, 1, 2], outputs: [3], attrs },
      { name: 'all', op: 'stream', inputs: [3, 4], outputs: [5], attrs: { axis: 1 } },
      { name: 'y', op: 'conv2d', inputs: [5, 6, 7], outputs: [8], attrs },
    ],
    inputs: [0],
    outputs: [8],
  };
}

const heap = await Heap.open();

/** Outputs of some calls one after another, and of the first again after a reset. */
function calls(graph: Graph): number[][] {
  const program = compile(heap, graph);
  const call = (i: number) => {
    heap.write(
      program.inputs[0],
      Int8Array.from({ length: 6 }, (_, k) => ((i * 50 + k * 23) % 200) - 100),
    );
    program.run();
    return Array.from(heap.read(program.outputs[0]), Number);
  };
  const made = [0, 1, 2, 3].map(call);
  program.reset();
  return [...made, call(0)];
}

test('a file holds the stream as variables, and is the same network when read', () => {
  const graph = streaming();
  const bytes = exportTflite(graph);
  const { graph: again, notes } = readTflite(bytes);
  assert.equal(notes, []);
  assert.equal(
    again.nodes.map((n) => n.op),
    ['conv2d', 'stream', 'conv2d'],
  );
  assert.equal(calls(again), calls(graph));
  assert.equal(exportTflite(again), bytes);
});

test('state is kept: the last places of one call precede the next call, and a reset begins anew', () => {
  const made = calls(streaming());
  assert.equal(made[4], made[0]);
  assert.is(new Set(made.map((m) => m.join())).size, 4);
});

test('a channel that is cut is cut from the state as well', () => {
  const graph = streaming();
  const [group] = channelGroups(graph);
  assert.equal(group.units.length, 4);
  const cut = cutChannels(graph, cutOf(graph, [group.units[1]]));
  const state = cut.tensors.find((t) => t.variable)!;
  assert.equal(state.shape, [1, 3, 1, 3]);
  // the channel as zeros where nothing reads it is the same network
  const silent = graph.tensors.map((t) => {
    if (t.name !== 'w2') return t;
    return { ...t, data: (t.data as Int8Array).map((v, i) => (i % 4 === 1 ? 0 : v)) };
  });
  assert.equal(calls(cut), calls({ ...graph, tensors: silent }));
  assert.equal(calls(importTflite(exportTflite(cut))), calls(cut));
});

test('a state that is joined by another scale is refused by name', () => {
  const graph = streaming();
  const other = graph.tensors.map((t) => (t.name === 'kept' ? { ...t, quant: w } : t));
  assert.throws(
    () => importTflite(exportTflite({ ...graph, tensors: other })),
    (e: unknown) => e instanceof CompressError && e.code === 'unsupported' && /variable "kept" is no stream/.test(e.message),
  );
});

test.run();
