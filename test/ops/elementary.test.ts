import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { erf, exp, expm1, tanh } from '../../src/ops/elementary.ts';

const points = Array.from({ length: 801 }, (_, i) => (i - 400) / 20);

test('exp, expm1 and tanh are the functions of the host to 12 digits', () => {
  for (const x of points) {
    for (const [got, wanted] of [
      [exp(x), Math.exp(x)],
      [expm1(x), Math.expm1(x)],
      [tanh(x), Math.tanh(x)],
    ]) {
      assert.ok(Math.abs(got - wanted) <= 1e-12 * Math.abs(wanted), `${x}: ${got}, ${wanted} wanted`);
    }
  }
});

test('exp at its ends', () => {
  assert.is(exp(710), Number.POSITIVE_INFINITY);
  assert.is(exp(-800), 0);
  assert.ok(exp(-740) > 0);
});

test('erf: odd, known values, and its slope is the bell curve', () => {
  assert.is(erf(0), 0);
  for (const [x, wanted] of [
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [3.5, 0.999999256901628],
  ]) {
    assert.ok(Math.abs(erf(x) - wanted) < 1e-12, `${x}: ${erf(x)}`);
    assert.is(erf(-x), -erf(x));
  }
  for (const x of [-3.2, -1.1, 0.3, 2.9, 3.1, 4]) {
    const slope = (erf(x + 1e-5) - erf(x - 1e-5)) / 2e-5;
    assert.ok(Math.abs(slope - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x)) < 1e-9, `${x}`);
  }
});

test.run();
