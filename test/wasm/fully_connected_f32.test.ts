import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fullyConnectedF32, fullyConnectedGradF32 } from '../../src/wasm/fully_connected_f32.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { CLAMPS } from '../clamps.ts';
import { close, floats, noise } from './close.ts';

// Sums of at most 130 products of values below 1.
const TOLERANCE = 2e-5;
const heap = await Heap.open();

for (const batch of [1, 3, 4, 5, 12, 130]) {
  for (const depth of [1, 7, 8, 9, 64, 70]) {
    for (const units of [1, 7, 8, 9, 24, 32, 43]) {
      const activation = (['none', 'relu', 'relu6', 'reluN1'] as const)[(batch + depth + units) % 4];
      test(`dense ${batch}x${depth} -> ${units}, ${activation}: forward and gradients are their definition`, () =>
        heap.scope(() => {
          const [xs, ws, bs, dys] = [batch * depth, units * depth, units, batch * units].map((n, i) => noise(n, `v/${i}`));
          const [x, w, bias] = [
            heap.tensor('f32', [batch, depth], xs),
            heap.tensor('f32', [units, depth], ws),
            heap.tensor('f32', [units], bs),
          ];
          const [y, again] = [heap.tensor('f32', [batch, units]), heap.tensor('f32', [batch, units])];
          fullyConnectedF32(heap, y, x, w, bias, { activation })();
          fullyConnectedF32(heap, again, x, w, bias, { activation, constant: true })();
          assert.equal(heap.read(again), heap.read(y));
          const [low, high] = CLAMPS[activation];
          const want = Float64Array.from({ length: batch * units }, (_, i) => {
            const [b, u] = [Math.floor(i / units), i % units];
            let s = bs[u];
            for (let d = 0; d < depth; d++) s += xs[b * depth + d] * ws[u * depth + d];
            return Math.min(Math.max(s, low), high);
          });
          close(heap.read(y), want, TOLERANCE, 'y');
          const [dx, dw, dbias] = [x, w, bias].map((t) => heap.tensor('f32', t.shape));
          const fresh = units % 2 === 0;
          if (fresh) heap.write(dx, new Float32Array(batch * depth).fill(Number.NaN));
          fullyConnectedGradF32(heap, heap.tensor('f32', y.shape, dys), { x, w, y }, { dx, dw, dbias, fresh }, { activation })();
          const [wantX, wantW, wantB] = [x, w, bias].map((t) => new Float64Array(floats(heap, t).length));
          floats(heap, y).forEach((v, i) => {
            if (!(v > low && v < high)) return;
            const [b, u] = [Math.floor(i / units), i % units];
            wantB[u] += dys[i];
            for (let d = 0; d < depth; d++) {
              wantX[b * depth + d] += dys[i] * ws[u * depth + d];
              wantW[u * depth + d] += dys[i] * xs[b * depth + d];
            }
          });
          close(heap.read(dx), wantX, TOLERANCE, 'dx');
          close(heap.read(dw), wantW, TOLERANCE, 'dw');
          close(heap.read(dbias), wantB, TOLERANCE, 'dbias');
        }));
    }
  }
}

test('refuses features that do not fit', () =>
  heap.scope(() => {
    const [x, w, y] = [
      [2, 5],
      [4, 6],
      [2, 4],
    ].map((s) => heap.tensor('f32', s));
    assert.throws(() => fullyConnectedF32(heap, y, x, w, null), /6 features/);
  }));

test.run();
