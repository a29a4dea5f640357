import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Heap, type HeapTensor } from '../../src/wasm/heap.ts';
import {
  cosineF32,
  klDivergenceF32,
  type LossTo,
  mseF32,
  sigmoidCrossEntropyF32,
  sigmoidDivergenceF32,
  softmaxCrossEntropyF32,
} from '../../src/wasm/loss.ts';
import { close, noise } from './close.ts';

const heap = await Heap.open();
const ROWS = 3;
// Sums of at most 13 float32 terms of size 1 to 10.
const TOLERANCE = 3e-6;

const logSoftmax = (x: number[]) => {
  const m = Math.max(...x);
  const s = Math.log(x.reduce((a, v) => a + Math.exp(v - m), 0));
  return x.map((v) => v - m - s);
};

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** -p log(q) - (1 - p) log(1 - q), of probabilities. */
const bits = (p: number, q: number) => -p * Math.log(q) - (1 - p) * Math.log(1 - q);

/** Losses in float64, one row. */
const definitions = {
  crossEntropy: (x: number[], t: number[]) => -logSoftmax(x).reduce((a, v, i) => a + v * (0.9 * t[i] + 0.1 / x.length), 0),
  kl(x: number[], t: number[]) {
    const [p, q] = [t, x].map((v) => logSoftmax(v.map((u) => u / 3)));
    return 9 * p.reduce((a, v, i) => a + Math.exp(v) * (v - q[i]), 0);
  },
  binary: (x: number[], t: number[]) => x.reduce((a, v, i) => a + bits(0.9 * t[i] + 0.05, sigmoid(v)), 0) / x.length,
  binaryKl(x: number[], t: number[]) {
    const at = (v: number) => sigmoid(v / 3);
    return (9 * x.reduce((a, v, i) => a + bits(at(t[i]), at(v)) - bits(at(t[i]), at(t[i])), 0)) / x.length;
  },
  mse: (x: number[], t: number[]) => x.reduce((a, v, i) => a + (v - t[i]) ** 2, 0) / x.length,
  cosine(x: number[], t: number[]) {
    const dot = (a: number[], b: number[]) => a.reduce((s, v, i) => s + v * b[i], 0);
    return 1 - dot(x, t) / Math.sqrt(dot(x, x) * dot(t, t));
  },
};

const kernels: Record<keyof typeof definitions, (to: LossTo, x: HeapTensor, t: HeapTensor) => () => void> = {
  crossEntropy: (to, x, t) => softmaxCrossEntropyF32(heap, to, x, t, 0.1),
  kl: (to, x, t) => klDivergenceF32(heap, to, x, t, 3),
  binary: (to, x, t) => sigmoidCrossEntropyF32(heap, to, x, t, 0.1),
  binaryKl: (to, x, t) => sigmoidDivergenceF32(heap, to, x, t, 3),
  mse: (to, x, t) => mseF32(heap, to, x, t),
  cosine: (to, x, t) => cosineF32(heap, to, x, t),
};

for (const name of Object.keys(definitions) as (keyof typeof definitions)[]) {
  for (const n of [1, 3, 4, 5, 10, 13]) {
    test(`${name}: loss is its definition and the gradient agrees with central differences, n = ${n}`, () =>
      heap.scope(() => {
        const define = definitions[name];
        const xs = Array.from(noise(ROWS * n, 'x'), (v) => Math.fround(4 * v));
        const ts = Array.from(noise(ROWS * n, 't'), (v) => Math.fround(4 * v));
        if (name === 'crossEntropy') {
          for (let r = 0; r < ROWS; r++) for (let i = 0; i < n; i++) ts[r * n + i] = i === r % n ? 1 : 0;
        }
        if (name === 'binary') for (let i = 0; i < ts.length; i++) ts[i] = i % 3 === 0 ? 1 : 0;
        const [x, t] = [xs, ts].map((v) => heap.tensor('f32', [ROWS, n], v));
        const loss = heap.tensor('f32', [ROWS]);
        const dx = heap.tensor('f32', [ROWS, n], new Float32Array(ROWS * n).fill(1));
        kernels[name]({ loss, dx, scale: 0.5 }, x, t)();
        const row = (v: number[], r: number) => v.slice(r * n, r * n + n);
        close(
          heap.read(loss),
          Array.from({ length: ROWS }, (_, r) => define(row(xs, r), row(ts, r))),
          TOLERANCE,
          'loss',
        );
        const slope = xs.map((_, i) => {
          const at = (d: number) => define(row(xs.with(i, xs[i] + d), Math.floor(i / n)), row(ts, Math.floor(i / n)));
          return 1 + (0.5 * (at(1e-4) - at(-1e-4))) / 2e-4;
        });
        close(heap.read(dx), slope, TOLERANCE, 'dx');
      }));
  }
}

test('class labels give what their one-hot rows give', () =>
  heap.scope(() => {
    const x = heap.tensor('f32', [4, 10], noise(40, 'x'));
    const labels = [3, 0, 9, 5];
    const dense = heap.tensor(
      'f32',
      [4, 10],
      Float32Array.from({ length: 40 }, (_, i) => (labels[Math.floor(i / 10)] === i % 10 ? 1 : 0)),
    );
    const results = [heap.tensor('i32', [4], labels), dense].map((t) => {
      const [loss, dx] = [heap.tensor('f32', [4]), heap.tensor('f32', [4, 10])];
      softmaxCrossEntropyF32(heap, { loss, dx, scale: 1 }, x, t, 0)();
      return [...heap.read(loss), ...heap.read(dx)];
    });
    assert.equal(results[0], results[1]);
  }));

test('the binary losses of logits far from 0 are finite', () =>
  heap.scope(() => {
    const x = heap.tensor('f32', [4, 1], [200, -200, 200, -200]);
    const t = heap.tensor('f32', [4, 1], [0, 0, 1, 1]);
    const [loss, dx] = [heap.tensor('f32', [4]), heap.tensor('f32', [4, 1])];
    sigmoidCrossEntropyF32(heap, { loss, dx, scale: 1 }, x, t)();
    assert.equal([...heap.read(loss)], [200, 0, 0, 200]);
    assert.equal(
      [...heap.read(dx)].map((v) => Math.round(Number(v) * 1e6) / 1e6 + 0),
      [1, 0, 0, -1],
    );
    sigmoidDivergenceF32(heap, { loss, dx, scale: 1 }, x, heap.tensor('f32', [4, 1], [200, 200, -200, -200]), 2)();
    const [a, b, c, d] = heap.read(loss) as Float32Array;
    assert.equal([a, b, c, d], [0, 400, 400, 0]);
  }));

test('a target of another size is refused', () =>
  heap.scope(() => {
    const [x, t, loss] = [[4, 10], [4, 9], [4]].map((s) => heap.tensor('f32', s));
    assert.throws(() => mseF32(heap, { loss, dx: null, scale: 1 }, x, t), /36 values, not 40/);
  }));

test.run();
