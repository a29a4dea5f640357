import { createHash } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Part } from '../../src/data/index.ts';
import { GESTURES, gestures, makeGestures } from '../../src/demo/gestures.ts';
import { sinTurns } from '../../src/elementary.ts';
import { createRandom, normal } from '../../src/random.ts';

const data = gestures();
const CLASSES = GESTURES.length;
const SIZE = 128 * 3;

test('sine agrees with the host to 1e-9', () => {
  for (let i = -1000; i <= 1000; i++) assert.ok(Math.abs(sinTurns(i / 331) - Math.sin((2 * Math.PI * i) / 331)) < 1e-9);
});

test('normal numbers have mean 0 and variance 1', () => {
  const random = createRandom(1, 'test');
  const values = Array.from({ length: 20000 }, () => normal(random));
  const mean = values.reduce((a, b) => a + b) / values.length;
  assert.ok(Math.abs(mean) < 0.03);
  assert.ok(Math.abs(values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length - 1) < 0.03);
});

test('sizes, and every class equally often', () => {
  assert.equal([data.train!.count, data.validation!.count, data.test!.count], [2400, 3000, 1500]);
  for (const part of [data.train!, data.validation!, data.test!]) {
    for (let c = 0; c < CLASSES; c++) assert.is(part.y!.filter((y) => y === c).length, part.count / CLASSES);
    assert.ok(part.inputs[0].every((v) => Math.abs(v) < 8));
  }
});

test('the same bytes everywhere', () => {
  assert.is(
    createHash('sha256')
      .update(makeGestures(1200, 0, 'test').inputs[0])
      .digest('hex'),
    'a00b0ed256045e9db6f30b49a27aa19549211fc29afae482b9b72d601a4ffd36',
  );
  assert.not.equal(makeGestures(6, 0, 'train').inputs[0], makeGestures(6, 1, 'train').inputs[0]);
});

/** Softmax regression on all 384 numbers by gradient descent; the share of `judged` that it names right. */
function linearAccuracy(train: Part, judged: Part): number {
  const w = new Float64Array(CLASSES * (SIZE + 1));
  const scores = (part: Part, i: number) =>
    Array.from({ length: CLASSES }, (_, c) => {
      let z = w[c * (SIZE + 1) + SIZE];
      for (let k = 0; k < SIZE; k++) z += w[c * (SIZE + 1) + k] * part.inputs[0][i * SIZE + k];
      return z;
    });
  for (let epoch = 0; epoch < 12; epoch++) {
    for (let i = 0; i < train.count; i++) {
      const z = scores(train, i).map(Math.exp);
      const sum = z.reduce((a, b) => a + b);
      for (let c = 0; c < CLASSES; c++) {
        const step = (0.003 / (1 + epoch)) * (z[c] / sum - +(train.y![i] === c));
        for (let k = 0; k < SIZE; k++) w[c * (SIZE + 1) + k] -= step * train.inputs[0][i * SIZE + k];
        w[c * (SIZE + 1) + SIZE] -= step;
      }
    }
  }
  let right = 0;
  for (let i = 0; i < judged.count; i++) {
    const z = scores(judged, i);
    right += +(z.indexOf(Math.max(...z)) === judged.y![i]);
  }
  return right / judged.count;
}

test('a linear model learns the training part in part and stays far below 75 % on test', () => {
  assert.ok(linearAccuracy(data.train!, data.train!) > 0.3);
  assert.ok(linearAccuracy(data.train!, data.test!) < 0.5);
});

test.run();
