import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Heap } from '../../src/wasm/heap.ts';
import {
  channelNormF32,
  gatherRowsF32,
  histogramF32,
  minMaxF32,
  type Patch,
  projectedDifferenceF32,
  weightRange,
  weightScalesF32,
} from '../../src/wasm/stats.ts';
import { close, noise } from './close.ts';
import { fenced } from './fenced.ts';

const heap = await Heap.open();

for (const n of [0, 1, 3, 4, 5, 100]) {
  test(`histogram and range of ${n} values`, () =>
    heap.scope(() => {
      const values = noise(n, 'x');
      const x = heap.tensor('f32', [n], values);
      const counts = heap.tensor('i32', [8]);
      histogramF32(heap, counts, x, -0.5, 0.5)();
      const want = new Int32Array(8);
      for (const v of values) want[Math.min(7, Math.max(0, Math.floor((v + 0.5) * 8)))]++;
      assert.equal(heap.read(counts), want);
      const range = heap.tensor('f32', [2], [Infinity, -Infinity]);
      minMaxF32(heap, range, x)();
      assert.equal(heap.read(range), Float32Array.of(Math.min(...values), Math.max(...values)));
    }));
}

test('NaN is counted nowhere, and makes a range NaN for good', () =>
  heap.scope(() => {
    const x = heap.tensor('f32', [5], [1, Number.NaN, -2, 3, Number.NaN]);
    const last = heap.tensor('f32', [5], [1, 2, -2, 3, Number.NaN]);
    const counts = heap.tensor('i32', [2]);
    histogramF32(heap, counts, x, -4, 4)();
    assert.equal(heap.read(counts), Int32Array.of(1, 2));
    for (const values of [x, last]) {
      const range = heap.tensor('f32', [2], [Infinity, -Infinity]);
      minMaxF32(heap, range, values)();
      minMaxF32(heap, range, heap.tensor('f32', [5], [0, 1, 2, 3, 4]))();
      assert.equal([...heap.read(range)], [Number.NaN, Number.NaN]);
    }
  }));

test('channel norms along any axis', () =>
  heap.scope(() => {
    const shape = [3, 2, 5];
    const values = noise(30, 'x');
    const x = heap.tensor('f32', shape, values);
    for (let axis = 0; axis < 3; axis++) {
      for (const order of [1, 2] as const) {
        const want = new Array(shape[axis]).fill(0);
        values.forEach((v, i) => {
          const at = [Math.floor(i / 10), Math.floor(i / 5) % 2, i % 5][axis];
          want[at] += Math.abs(v) ** order;
        });
        const norms = heap.tensor('f32', [shape[axis]]);
        channelNormF32(heap, norms, x, axis, order)();
        close(
          heap.read(norms),
          want.map((v) => v ** (1 / order)),
          1e-6,
          'norm',
        );
      }
    }
  }));

test('scales of weights: 8 bits span everything, 4 bits err least; channels of zeros have the largest', () =>
  heap.scope(() => {
    const shape = [4, 1, 1, 400];
    // Small values and an outlier, zeros, values of one size, and one value alone.
    const values = noise(1600, 'w').map((v, i) => [i === 7 ? -1.8 : v, 0, v / 3, i === 1201 ? 2 : 0][Math.floor(i / 400)]);
    const channel = (c: number) => values.subarray(400 * c, 400 * c + 400);
    const x = heap.tensor('f32', shape, values);
    const scales = (axis: number | null, bits: 4 | 8) => {
      const found = heap.tensor('f32', [axis === null ? 1 : shape[axis]]);
      weightScalesF32(heap, found, x, axis, bits)();
      return heap.read(found) as Float32Array;
    };
    const largest = [0, 1, 2, 3].map((c) => channel(c).reduce((most, v) => Math.max(most, Math.abs(v)), 0));
    assert.equal(
      [...scales(0, 8)],
      [largest[0], 2, largest[2], 2].map((v) => Math.fround(v / 127)),
    );
    assert.equal([...scales(null, 8)], [Math.fround(2 / 127)]);
    const four = scales(0, 4);
    const [low, high] = weightRange(4);
    const error = (c: number, s: number) => {
      const one = (v: number) => (v - s * Math.max(low, Math.min(high, Math.round(v / s)))) ** 2;
      return channel(c).reduce((sum, v) => sum + one(v), 0);
    };
    for (const c of [0, 2, 3]) {
      const tried = Array.from({ length: 17 }, (_, i) => ((largest[c] / 7) * (32 - i)) / 32);
      assert.ok(error(c, four[c]) <= Math.min(...tried.map((s) => error(c, s))) * (1 + 1e-5) + 1e-12, `channel ${c}`);
    }
    assert.ok(four[0] < (0.99 * 1.8) / 7);
    assert.is(four[1], Math.fround(2 / 7));
  }));

for (const [name, patch, shape] of [
  ['padded', { filter: [3, 2], stride: [1, 1], before: [1, 1], dilation: [1, 1], output: [5, 4] }, [2, 5, 4, 3]],
  ['strided and dilated', { filter: [2, 3], stride: [2, 3], before: [0, 2], dilation: [2, 1], output: [3, 3] }, [3, 7, 6, 1]],
  ['a row', { filter: [1, 1], stride: [1, 1], before: [0, 0], dilation: [1, 1], output: [1, 1] }, [4, 1, 1, 7]],
] as [string, Patch, number[]][]) {
  for (const one of [0, 1]) {
    test(`rows of what a layer reads: ${name}, ${one ? 'with' : 'without'} the constant 1`, () =>
      heap.scope(() => {
        const [examples, h, w, c] = shape;
        const all = patch.output[0] * patch.output[1];
        const each = 5;
        const values = noise(examples * h * w * c, 'x');
        const places = Array.from({ length: examples * each }, (_, i) => (i * 7) % all);
        const n = patch.filter[0] * patch.filter[1] * c + one;
        const rows = fenced(heap, 'f32', [places.length, n], 0);
        gatherRowsF32(heap, rows.tensor, heap.tensor('f32', shape, values), heap.tensor('i32', [places.length], places), patch)();
        const want = places.flatMap((place, r) => {
          const row: number[] = [];
          for (let ky = 0; ky < patch.filter[0]; ky++) {
            for (let kx = 0; kx < patch.filter[1]; kx++) {
              const y = Math.floor(place / patch.output[1]) * patch.stride[0] - patch.before[0] + ky * patch.dilation[0];
              const x = (place % patch.output[1]) * patch.stride[1] - patch.before[1] + kx * patch.dilation[1];
              const inside = y >= 0 && y < h && x >= 0 && x < w;
              const at = ((Math.floor(r / each) * h + y) * w + x) * c;
              for (let k = 0; k < c; k++) row.push(inside ? values[at + k] : 0);
            }
          }
          return one ? [...row, 1] : row;
        });
        assert.equal([...(heap.read(rows.tensor) as Float32Array)], want);
        rows.check();
      }));
  }
}

for (const size of [0, 1, 7, 8, 9, 16, 100]) {
  test(`${size} differences along a direction, as the plain kernel sums them`, () =>
    heap.scope(() => {
      const examples = 3;
      const [a, b, g] = ['a', 'b', 'g'].map((name) => heap.tensor('f32', [examples, size], noise(examples * size, name)));
      const [sums, plain] = [0, 0].map(() => fenced(heap, 'f32', [examples], 0, Float32Array.of(1, 2, 3)));
      projectedDifferenceF32(heap, sums.tensor, a, b, g)();
      heap.wasm.projected_difference_f32_ref(plain.tensor.ptr, a.ptr, b.ptr, g.ptr, examples, size);
      close(heap.read(sums.tensor), [...(heap.read(plain.tensor) as Float32Array)], 1e-5, 'sums'); // float32 in another order
      sums.check();
    }));
}

test.run();
