import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { quantizeMultiplier, roundAway } from '../../src/ops/quantize_multiplier.ts';
import { fakeQuantizeF32, fakeQuantizeGradF32, fakeRequantizeF32, moveStepSizesF32 } from '../../src/wasm/fake_quantize.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { close, floats, noise } from './close.ts';

const heap = await Heap.open();

for (const axis of [null, 0, 2]) {
  for (const [low, high, zero] of [
    [-127, 127, 0],
    [-8, 7, 0],
    [-128, 127, -128],
    [-128, 127, -30],
    [-32768, 32767, 0],
  ]) {
    test(`fake quantization ${low}..${high} around ${zero} along axis ${axis}, and its gradients`, () =>
      heap.scope(() => {
        const shape = [3, 2, 9];
        const count = axis === null ? 1 : shape[axis];
        const values = noise(54, 'x').map((v) => 3 * v);
        const dys = noise(54, 'dy');
        const scales = Float32Array.from({ length: count }, (_, i) => ((i + 2) * 2) / (high - low));
        const q = { scales: heap.tensor('f32', [count], scales), zero, axis, range: [low, high] as const };
        const [x, dy] = [values, dys].map((v) => heap.tensor('f32', shape, v));
        const [y, dx] = [0, 1].map(() => heap.tensor('f32', shape));
        const dscales = heap.tensor('f32', [count]);
        fakeQuantizeF32(heap, y, x, q)();
        fakeQuantizeGradF32(heap, dy, x, { dx, dscales }, q, 0.5)();
        const [wantY, wantDx] = [new Float32Array(54), new Float32Array(54)];
        const ds = new Float64Array(count);
        values.forEach((v, i) => {
          const c = axis === null ? 0 : axis === 0 ? Math.floor(i / 18) : i % 9;
          const t = Math.fround(v / scales[c]);
          const [least, most] = [low - zero, high - zero];
          const whole = roundAway(Math.fround(t + zero)) - zero;
          wantY[i] = Math.min(Math.max(whole, least), most) * scales[c];
          wantDx[i] = whole >= least && whole <= most ? dys[i] : 0;
          // Esser et al. 2020, equation 3.
          ds[c] += dys[i] * (t <= least ? least : t >= most ? most : roundAway(t) - t);
        });
        assert.equal(heap.read(y), wantY);
        assert.equal(heap.read(dx), wantDx);
        close(
          heap.read(dscales),
          ds.map((v) => v / 2),
          1e-5,
          'dscales',
        );
      }));
  }
}

test('the gradient of a step size is the slope of what rounding leaves when the integers stay', () =>
  heap.scope(() => {
    // Straight through: d/ds of s * round(x / s) where round passes gradients as if it were not there is round(x / s) - x / s. With the
    // integers held, s * q has slope q; what passes through is -x / s. Both halves are smooth, and so is a value beyond the range.
    const values = noise(200, 'x').map((v) => 2 * v);
    const dys = noise(200, 'dy');
    const [low, high, s, h] = [-8, 7, 0.2, 1e-4];
    const integer = (v: number) => Math.max(low, Math.min(high, roundAway(v / s)));
    const held = (at: number) => values.reduce((sum, v, i) => sum + dys[i] * at * integer(v), 0);
    const inside = (v: number) => v / s > low && v / s < high;
    const through = (at: number) => values.reduce((sum, v, i) => sum + (inside(v) ? dys[i] * s * (v / at) : 0), 0);
    const slope = (f: (at: number) => number) => (f(s + h) - f(s - h)) / (2 * h);
    const scales = heap.tensor('f32', [1], [s]);
    const [x, dy] = [values, dys].map((v) => heap.tensor('f32', [200], v));
    const dscales = heap.tensor('f32', [1]);
    fakeQuantizeGradF32(heap, dy, x, { dx: null, dscales }, { scales, zero: 0, axis: null, range: [low, high] }, 1)();
    close(floats(heap, dscales), [slope(held) + slope(through)], 1e-4, 'dscales');
  }));

test('ties are rounded away from zero, and just below a half stays', () =>
  heap.scope(() => {
    const given = [0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, -0.49999997, 8388609, 0];
    const x = heap.tensor('f32', [given.length], given);
    const y = heap.tensor('f32', [given.length]);
    const q = { scales: heap.tensor('f32', [1], [1]), zero: 0, axis: null, range: [-(2 ** 24), 2 ** 24] as const };
    fakeQuantizeF32(heap, y, x, q)();
    assert.equal(
      [...floats(heap, y)].map((v) => v + 0),
      [1, -1, 2, 3, -3, 0, 0, 8388609, 0],
    );
  }));

/** CMSIS-NN's requantization of one sum. */
function requantize(sum: number, real: number): number {
  const { multiplier, shift } = quantizeMultiplier(real);
  const left = BigInt(Math.max(0, shift));
  const high = ((BigInt(sum) << left) * BigInt(multiplier) + (1n << 30n)) >> 31n;
  return roundAway(Number(high) / 2 ** Math.max(0, -shift));
}

test('a layer is rounded where the integer kernels round', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -60000, max: 60000 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 9 }),
      fc.double({ min: 0.0003, max: 3, noNaN: true }),
      fc.integer({ min: -128, max: 127 }),
      fc.boolean(),
      (sums, channels, ratio, zero, shared) =>
        heap.scope(() => {
          const rows = Math.ceil(sums.length / channels);
          const of = (i: number) => sums[i % sums.length];
          const xs = Math.fround(0.031);
          const ws = Float32Array.from({ length: shared ? 1 : channels }, (_, c) => 0.003 + c * 0.0007);
          const ys = Math.fround((xs * ws[0]) / ratio);
          const step = (c: number) => xs * ws[shared ? 0 : c];
          const bias = Float32Array.from({ length: channels }, (_, c) => (c - 2.3) * 0.11);
          const real = Float32Array.from({ length: rows * channels }, (_, i) => of(i) * step(i % channels) + bias[i % channels]);
          const x = heap.tensor('f32', [rows, channels], real);
          const y = heap.tensor('f32', [rows, channels]);
          const layer = {
            x: heap.tensor('f32', [1], [xs]),
            w: heap.tensor('f32', [ws.length], ws),
            bias: heap.tensor('f32', [channels], bias),
          };
          const q = { scales: heap.tensor('f32', [1], [ys]), zero, axis: null, range: [-128, 127] as const };
          fakeRequantizeF32(heap, y, x, layer, q)();
          const got = heap.read(y) as Float32Array;
          let off = 0;
          got.forEach((v, i) => {
            const c = i % channels;
            const sum = of(i) + roundAway(bias[c] / step(c));
            const want = Math.max(-128, Math.min(127, requantize(sum, step(c) / ys) + zero));
            const found = Math.round(v / ys) + zero;
            if (found === want) return;
            // Float32 holds a product of 60,000 steps to a part in 256 of the first rounding: what is a tie there by that much may differ.
            assert.ok(Math.abs(found - want) === 1 && fromTie(sum, step(c) / ys) < 0.02, `${sum}: ${found}, not ${want}`);
            off++;
          });
          assert.ok(off <= 1 + got.length / 10);
        }),
    ),
  );
});

/** How far the first of the two roundings is from a tie. */
function fromTie(sum: number, real: number): number {
  const { multiplier, shift } = quantizeMultiplier(real);
  const first = (sum * multiplier * 2 ** Math.max(0, shift)) / 2 ** 31;
  return Math.abs(first - Math.floor(first) - 0.5);
}

test('step sizes stay above 0 after any step of an optimizer', () =>
  heap.scope(() => {
    const s = heap.tensor('f32', [4], [1, 1, 1e-37, 2]);
    const z = heap.tensor('f32', [4], [-5, 0.25, -1, -0.5]);
    moveStepSizesF32(heap, s, z, true)();
    assert.equal([...floats(heap, s)], [0.5, 1.25, Math.fround(0.5 * Math.fround(1e-37)), 1]);
    assert.equal([...floats(heap, z)], [0, 0, 0, 0]);
    heap.write(z, [-5, 0.25, 1e-38, -0.5]);
    for (let i = 0; i < 3; i++) moveStepSizesF32(heap, s, z, false)();
    assert.ok(floats(heap, s).every((v) => v >= 2 ** -126));
    assert.is(floats(heap, s)[1], 1.5);
  }));

test.run();
