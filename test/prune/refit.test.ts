import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inputsOf, planBatch, takeBatch, takeEvenly } from '../../src/data/index.ts';
import { gestures } from '../../src/demo/gestures.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { consumersOf } from '../../src/prune/consumers.ts';
import { gramsOf } from '../../src/prune/grams.ts';
import { refit } from '../../src/prune/refit.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { type Cut, cutChannels } from '../../src/run/channels.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const full = gestures();
// Fewer than one draws, and no multiple of a batch.
const COUNT = 37;
const data = { ...full, train: takeEvenly(full.train!, COUNT) };

/** Outputs of 8 places, so that all of them are looked at. */
function network(): Graph {
  const net = buildNetwork('cut', [128, 1, 3], 5);
  const x = net.conv2d(net.input, 6, { kernel: [5, 1], stride: [16, 1], activation: 'relu' });
  const y = net.conv2d(x, 4, { kernel: [3, 1], activation: 'relu' });
  return net.finish(net.conv2d(y, 3, { kernel: [1, 1] }));
}

/** Values of a tensor [count, 8, c] over all examples. */
const valuesOf = (graph: Graph, tensor: number): Float32Array =>
  heap.scope(() => {
    const program = compile(heap, graph, { batch: COUNT, keepAll: true });
    const plan = planBatch(data, inputsOf(graph));
    heap.write(program.inputs[0], takeBatch(plan, data.train, [...Array(COUNT).keys()])[0]);
    program.run();
    return heap.read(program.operands[tensor]) as Float32Array;
  });

/** Rows of what a filter of `taps` reads of x [count, 8, c] under zeros at both ends, and the constant 1. */
function rowsOf(x: Float32Array, c: number, taps: number): number[][] {
  return Array.from({ length: COUNT * 8 }, (_, i) => {
    const row: number[] = [];
    for (let k = 0; k < taps; k++) {
      const place = (i % 8) + k - (taps >> 1);
      for (let j = 0; j < c; j++) row.push(place < 0 || place > 7 ? 0 : x[(Math.floor(i / 8) * 8 + place) * c + j]);
    }
    return [...row, 1];
  });
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((s, v, i) => s + v * b[i], 0);

test('each layer behind a cut comes as near as it can to what it gave before, on what it reads now', () => {
  const before = network();
  const [first, second, third] = before.nodes;
  const goes = new Map([
    [first.outputs[0], Uint8Array.of(0, 1, 0, 0, 1, 0)],
    [second.outputs[0], Uint8Array.of(0, 0, 1, 0)],
  ]) satisfies Cut;
  const { graph: after, ...found } = refit(heap, before, cutChannels(before, goes), goes, data, 3);
  assert.equal(after.tensors[after.nodes[0].inputs[1]].data, cutChannels(before, goes).tensors[after.nodes[0].inputs[1]].data);
  // What fitting has measured is, to the last bit, what a survey would measure.
  const consumers = consumersOf(after);
  const measured = gramsOf(heap, after, consumers, data, 3);
  const known = gramsOf(heap, before, consumersOf(before), data, 3);
  consumers.forEach((c, i) => {
    const place = after.nodes.indexOf(c.node);
    assert.equal(place > found.first ? found.grams.get(place) : known[i], measured[i]);
  });
  for (const [node, was, c, taps, kept] of [
    [after.nodes[1], second, 4, 3, [0, 1, 3]],
    [after.nodes[2], third, 3, 1, [0, 1, 2]],
  ] as const) {
    const x = rowsOf(valuesOf(after, node.inputs[0]), c, taps);
    const given = rowsOf(valuesOf(before, was.inputs[0]), before.tensors[was.inputs[0]].shape[3], taps);
    const width = taps * c;
    const weights = after.tensors[node.inputs[1]].data as Float32Array;
    const bias = after.tensors[node.inputs[2]].data as Float32Array;
    const [old, oldBias] = [before.tensors[was.inputs[1]].data, before.tensors[was.inputs[2]].data] as Float32Array[];
    const n = old.length / oldBias.length;
    kept.forEach((from, o) => {
      const row = [...weights.subarray(o * width, (o + 1) * width), bias[o]];
      const target = [...old.subarray(from * n, (from + 1) * n), oldBias[from]];
      const off = x.map((r, i) => dot(r, row) - dot(given[i], target));
      const scale = Math.sqrt(dot(off, off) / off.length) + 1e-3;
      // Where least squares is done, what is off has nothing in common with what is read (but for the ridge, a thousandth of the squares).
      for (let k = 0; k <= width; k++) {
        const column = x.map((r) => r[k]);
        const size = Math.sqrt(dot(column, column) / x.length) + 1e-9;
        const common = dot(column, off) / x.length / size / scale;
        assert.ok(Math.abs(common) < 0.05, `output ${o}, column ${k}: ${common}`);
      }
    });
  }
});

test('without a layer behind the cut nothing changes', () => {
  const before = network();
  const goes: Cut = new Map([[before.nodes[1].outputs[0], Uint8Array.of(0, 0, 1, 0)]]);
  const smaller = cutChannels(before, goes);
  const masked = {
    ...smaller,
    tensors: smaller.tensors.map((t) =>
      t.data && t.shape.length > 1 ? { ...t, mask: new Uint8Array(t.data.length).fill(1) } : t,
    ),
  };
  assert.equal(refit(heap, before, masked, goes, data, 3).graph, masked);
});

test.run();
