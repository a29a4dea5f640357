import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Heap } from '../../src/wasm/heap.ts';
import { channelNormF32, fakeQuantizeF32, fakeQuantizeGradF32, histogramF32, minMaxF32 } from '../../src/wasm/stats.ts';
import { close, noise } from './close.ts';

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

test('NaN is counted nowhere', () =>
  heap.scope(() => {
    const x = heap.tensor('f32', [5], [1, Number.NaN, -2, 3, Number.NaN]);
    const counts = heap.tensor('i32', [2]);
    histogramF32(heap, counts, x, -4, 4)();
    assert.equal(heap.read(counts), Int32Array.of(1, 2));
    const range = heap.tensor('f32', [2], [Infinity, -Infinity]);
    minMaxF32(heap, range, x)();
    assert.equal(heap.read(range), Float32Array.of(-2, 3));
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

const rounded = (t: number) => (Math.abs(t % 1) === 0.5 ? 2 * Math.round(t / 2) : Math.round(t));

for (const axis of [null, 0, 2]) {
  for (const [qMin, qMax] of [
    [-127, 127],
    [-8, 7],
    [-128, 127],
    [-32768, 32767],
  ]) {
    test(`fake quantization ${qMin}..${qMax} along axis ${axis}, and its gradients`, () =>
      heap.scope(() => {
        const shape = [3, 2, 9];
        const count = axis === null ? 1 : shape[axis];
        const values = noise(54, 'x').map((v) => 3 * v);
        const dys = noise(54, 'dy');
        const scales = Float32Array.from({ length: count }, (_, i) => ((i + 2) * 2) / (qMax - qMin));
        const zeros = Float32Array.from({ length: count }, (_, i) => (qMin === -128 ? i - 30 : 0));
        const q = {
          scales: heap.tensor('f32', [count], scales),
          zeros: heap.tensor('f32', [count], zeros),
          axis,
          range: [qMin, qMax] as const,
        };
        const [x, dy] = [values, dys].map((v) => heap.tensor('f32', shape, v));
        const [y, dx] = [0, 1].map(() => heap.tensor('f32', shape));
        const [dscales, dzeros] = [0, 1].map(() => heap.tensor('f32', [count]));
        fakeQuantizeF32(heap, y, x, q)();
        fakeQuantizeGradF32(heap, dy, x, { dx, dscales, dzeros }, q, 0.5)();
        const [wantY, wantDx] = [new Float32Array(54), new Float32Array(54)];
        const [ds, dz] = [new Float64Array(count), new Float64Array(count)];
        values.forEach((v, i) => {
          const c = axis === null ? 0 : axis === 0 ? Math.floor(i / 18) : i % 9;
          const t = Math.fround(v / scales[c]);
          const [low, high] = [qMin - zeros[c], qMax - zeros[c]];
          const r = Math.min(Math.max(rounded(t), low), high);
          wantY[i] = r * scales[c];
          if (rounded(t) >= low && rounded(t) <= high) {
            wantDx[i] = dys[i];
            ds[c] += dys[i] * (r - t);
          } else {
            ds[c] += dys[i] * r;
            dz[c] -= dys[i] * scales[c];
          }
        });
        assert.equal(heap.read(y), wantY);
        assert.equal(heap.read(dx), wantDx);
        close(
          heap.read(dscales),
          ds.map((v) => v / 2),
          1e-5,
          'dscales',
        );
        close(
          heap.read(dzeros),
          dz.map((v) => v / 2),
          1e-5,
          'dzeros',
        );
      }));
  }
}

test.run();
