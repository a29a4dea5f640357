import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { erfc, exp, floorLog2, log, normalCdf, normalMass, normalQuantile } from '../src/elementary.ts';

// mpmath's values; the file says how they were made.
const reference = JSON.parse(readFileSync(new URL('elementary.json', import.meta.url), 'utf8'));
const FUNCTIONS: Record<string, (x: number) => number> = { exp, log, erfc, normalQuantile };

// exp and log are good to about 1 ulp; erfc carries the rounding of x^2 in exp(-x^2), the quantile that of the cdf (1e-15 near 0).
const TOLERANCE: Record<string, number> = { exp: 3e-16, log: 3e-16, erfc: 4e-14, normalQuantile: 1e-13 };

for (const name of Object.keys(FUNCTIONS)) {
  test(`${name} equals mpmath`, () => {
    for (const [x, expected] of reference[name] as [number, number][]) {
      const got = FUNCTIONS[name](x);
      const error = Math.abs(got - expected);
      assert.ok(
        error <= TOLERANCE[name] * Math.abs(expected) || error <= (name === 'normalQuantile' ? 1e-15 : 5e-324),
        `${name}(${x}) = ${got}, expected ${expected}`,
      );
    }
  });
}

test('outside their domain', () => {
  assert.is(exp(Number.NEGATIVE_INFINITY), 0);
  assert.is(exp(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
  assert.ok(Number.isNaN(exp(Number.NaN)));
  assert.is(log(0), Number.NEGATIVE_INFINITY);
  assert.is(log(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
  assert.ok(Number.isNaN(log(-1)));
  assert.is(erfc(40), 0);
  assert.is(erfc(-40), 2);
  assert.is(normalQuantile(0), Number.NEGATIVE_INFINITY);
  assert.ok(Number.isNaN(normalQuantile(1.5)));
});

test('the mass of an interval keeps its digits in both tails and when narrow', () => {
  const close = (a: number, b: number) => assert.ok(Math.abs(a / b - 1) < 1e-8, `${a} against ${b}`);
  close(normalMass(-1, 2), normalCdf(2) - normalCdf(-1));
  close(normalMass(9, 10), normalMass(-10, -9));
  close(normalMass(9, 10), 1.128512207423599e-19);
  close(normalMass(0.5, 0.5 + 2 ** -30), 2 ** -30 * 0.3520653267642995);
  close(normalMass(0.5, 0.5 + 2e-4), normalMass(0.5, 0.5 + 9e-5) + normalMass(0.5 + 9e-5, 0.5 + 2e-4));
});

test('the exponent of a number, on both sides of every power of two', () => {
  for (let k = -1000; k <= 1000; k++) {
    const power = 2 ** k;
    assert.is(floorLog2(power), k);
    assert.is(floorLog2(power * (1 - 2 ** -53)), k - 1);
    assert.is(floorLog2(power * 1.75), k);
  }
});

test('no function of the host that may differ is used', () => {
  const folder = new URL('../src/', import.meta.url);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((n) => n.endsWith('.ts'))) {
    const found = readFileSync(new URL(name, folder), 'utf8').match(/Math\.(exp|log|pow|sin|cos|tan|cbrt|hypot|random)\w*\(/g);
    assert.is(found, null, `${name}: ${found}`);
  }
});

test.run();
