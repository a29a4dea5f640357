import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Heap } from '../../src/wasm/heap.ts';
import { adamStepF32, applyMaskF32, emaStepF32, normF32, sgdStepF32 } from '../../src/wasm/optimizer.ts';
import { close, floats, noise } from './close.ts';

const heap = await Heap.open();
const STEPS = 5;
// A few float32 roundings a step; Adam divides by a root that may be small.
const TOLERANCE = 2e-6;

for (const n of [1, 3, 4, 5, 8, 13]) {
  for (const nesterov of [false, true]) {
    test(`SGD${nesterov ? ' with Nesterov momentum' : ''} is its definition, n = ${n}`, () =>
      heap.scope(() => {
        const w = heap.tensor('f32', [n], noise(n, 'w'));
        const [dw, v] = [heap.tensor('f32', [n]), heap.tensor('f32', [n])];
        const want = Array.from(noise(n, 'w'));
        const state = want.map(() => 0);
        const step = sgdStepF32(heap, w, dw, v, { momentum: 0.9, nesterov, decay: 0.01 });
        for (let s = 1; s <= STEPS; s++) {
          const g = noise(n, `g/${s}`);
          heap.write(dw, g);
          step(0.1, s, 0.5);
          for (let i = 0; i < n; i++) {
            const d = g[i] * 0.5 + 0.01 * want[i];
            state[i] = 0.9 * state[i] + d;
            want[i] -= 0.1 * (nesterov ? d + 0.9 * state[i] : state[i]);
          }
        }
        close(heap.read(w), want, TOLERANCE, 'w');
        assert.ok(floats(heap, dw).every((d) => d === 0));
      }));
  }
  for (const [decay, decoupled] of [
    [0, 0],
    [0.01, 0],
    [0, 0.01],
  ]) {
    test(`Adam is its definition, decay ${decay}, decoupled ${decoupled}, n = ${n}`, () =>
      heap.scope(() => {
        const w = heap.tensor('f32', [n], noise(n, 'w'));
        const [dw, m, v] = [0, 1, 2].map(() => heap.tensor('f32', [n]));
        const want = Array.from(noise(n, 'w'));
        const [ms, vs] = [want.map(() => 0), want.map(() => 0)];
        const step = adamStepF32(heap, w, dw, m, v, { decay, decoupled });
        for (let s = 1; s <= STEPS; s++) {
          const g = noise(n, `g/${s}`);
          heap.write(dw, g);
          step(0.01, s, 2);
          for (let i = 0; i < n; i++) {
            const d = g[i] * 2 + decay * want[i];
            ms[i] = 0.9 * ms[i] + 0.1 * d;
            vs[i] = 0.999 * vs[i] + 0.001 * d * d;
            const by = Math.sqrt(vs[i] / (1 - 0.999 ** s)) + 1e-8;
            want[i] = want[i] * (1 - 0.01 * decoupled) - (0.01 * ms[i]) / (1 - 0.9 ** s) / by;
          }
        }
        close(heap.read(w), want, 1e-5, 'w');
      }));
  }
}

for (const n of [0, 1, 3, 4, 5, 12, 13]) {
  test(`the moving average is its plain twin to the bit and the mean it approximates, n = ${n}`, () =>
    heap.scope(() => {
      const decay = 0.9;
      const [average, w] = [heap.tensor('f32', [n], noise(n, 'start')), heap.tensor('f32', [n])];
      const step = emaStepF32(heap, average, w, decay);
      const twin = noise(n, 'start');
      const sums = new Float64Array(n);
      for (let s = 1, weights = 0; s <= STEPS; s++) {
        const values = noise(n, `w/${s}`);
        heap.write(w, values);
        step(s);
        // Powers by repeated products differ from those by squaring in the last bit of a float64, which float32 does not see.
        const share = Math.fround((1 - decay) / (1 - decay ** s));
        weights = decay * weights + 1;
        for (let i = 0; i < n; i++) {
          twin[i] += Math.fround(share * Math.fround(values[i] - twin[i]));
          sums[i] = decay * sums[i] + values[i];
        }
        assert.equal(floats(heap, average), twin);
        close(
          twin,
          sums.map((sum) => sum / weights),
          1e-6,
          'weighted mean',
        );
      }
    }));
}

test('norm and mask', () =>
  heap.scope(() => {
    const [a, b] = [7, 12].map((n) => heap.tensor('f32', [n], noise(n, `v/${n}`)));
    const sum = [...floats(heap, a), ...floats(heap, b)].reduce((s, v) => s + v ** 2, 0);
    close([normF32(heap, [a, b])], [Math.sqrt(sum)], 1e-12, 'norm');
    applyMaskF32(heap, a, heap.tensor('u8', [7], [1, 0, 1, 1, 0, 0, 1]))();
    assert.equal(
      Array.from(floats(heap, a), (v) => v !== 0),
      [true, false, true, true, false, false, true],
    );
  }));

test.run();
