import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { batchNormF32, batchNormGradF32 } from '../../src/wasm/batch_norm_f32.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { close, noise } from './close.ts';
import { fenced } from './fenced.ts';

const heap = await Heap.open();
const EPSILON = 1e-3;

/** In float64, as the definitions say. */
function definition(x: Float32Array, dy: Float32Array, gamma: Float32Array, beta: Float32Array, rows: number, batch: boolean) {
  const c = gamma.length;
  const [y, dx] = [new Float64Array(x.length), new Float64Array(x.length)];
  const [dgamma, dbeta] = [new Float64Array(c), new Float64Array(c)];
  for (let j = 0; j < c; j++) {
    const column = (of: ArrayLike<number>) => Array.from({ length: rows }, (_, r) => of[r * c + j]);
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    const mean = batch ? sum(column(x)) / rows : 0.1;
    const variance = batch ? sum(column(x).map((v) => (v - mean) ** 2)) / rows : 0.5;
    const k = 1 / Math.sqrt(variance + EPSILON);
    const normed = column(x).map((v) => (v - mean) * k);
    const g = column(dy);
    dgamma[j] = sum(g.map((v, r) => v * normed[r]));
    dbeta[j] = sum(g);
    normed.forEach((v, r) => {
      y[r * c + j] = v * gamma[j] + beta[j];
      const through = batch ? (dbeta[j] + v * dgamma[j]) / rows : 0;
      dx[r * c + j] = gamma[j] * k * (g[r] - through);
    });
  }
  return { y, dx, dgamma, dbeta };
}

for (const c of [1, 3, 4, 7, 8, 12, 16, 20, 33]) {
  for (const rows of [1, 63, 64, 65, 200]) {
    test(`${rows} rows of ${c} channels: forward and gradients are those of the definition`, () => {
      for (const batch of [true, false]) {
        heap.scope(() => {
          const make = (shape: number[], name: string) =>
            heap.tensor(
              'f32',
              shape,
              noise(
                shape.reduce((a, b) => a * b),
                name,
              ),
            );
          const [x, dy] = [make([rows, c], 'x'), make([rows, c], 'dy')];
          const [gamma, beta] = [make([c], 'gamma'), make([c], 'beta')];
          const mean = heap.tensor('f32', [c], new Float32Array(c).fill(0.1));
          const variance = heap.tensor('f32', [c], new Float32Array(c).fill(0.5));
          const saved = heap.tensor('f32', [2, c]);
          const out = ['y', 'dx', 'dgamma', 'dbeta'].map((name) =>
            fenced(heap, 'f32', name.length > 2 ? [c] : [rows, c], 0, new Float32Array(name.length > 2 ? c : rows * c)),
          );
          const [y, dx, dgamma, dbeta] = out.map((o) => o.tensor);
          batchNormF32(heap, y, x, { gamma, beta, mean, variance }, saved, { epsilon: EPSILON, keep: batch ? 0.9 : null })();
          batchNormGradF32(heap, dy, { x, gamma, saved }, { dx, dgamma, dbeta }, batch)();
          const read = (t: typeof x) => heap.read(t) as Float32Array;
          const want = definition(read(x), read(dy), read(gamma), read(beta), rows, batch);
          // Sums of 200 float32 numbers; with a row or two the variance is small beside epsilon.
          close(read(y), want.y, 1e-4, 'y');
          close(read(dx), want.dx, 2e-4, 'dx');
          const added = read(dx);
          heap.write(dx, new Float32Array(rows * c).fill(Number.NaN));
          batchNormGradF32(heap, dy, { x, gamma, saved }, { dx, dgamma: null, dbeta: null, fresh: true }, batch)();
          assert.equal(read(dx), added);
          close(read(dgamma), want.dgamma, 1e-4, 'dgamma');
          close(read(dbeta), want.dbeta, 1e-4, 'dbeta');
          for (const o of out) o.check();
        });
      }
    });
  }
}

test.run();
