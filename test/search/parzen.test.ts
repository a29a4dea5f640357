import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRandom } from '../../src/random.ts';
import { categories, type Distribution, isDiscrete, numberRange } from '../../src/search/distribution.ts';
import { Parzen } from '../../src/search/parzen.ts';

const CASES: [string, Distribution, number[]][] = [
  ['float', numberRange('x', 'float', -1, 3, {}), [0, 0.5, 0.5, 2.9, -1]],
  ['float on a log scale', numberRange('x', 'float', 1e-4, 1, { log: true }), [1e-3, 0.5, 1e-4]],
  ['float on a grid', numberRange('x', 'float', 0, 0.9, { step: 0.15 }), [0.15, 0.9, 0, 0.15]],
  ['int', numberRange('x', 'int', -3, 7, {}), [0, 0, 7]],
  ['int on a log scale', numberRange('x', 'int', 1, 64, { log: true }), [1, 64, 8, 8, 9]],
  ['categorical', categories('x', ['a', 'b', null]), [0, 2, 2]],
];

/** All values of a discrete distribution, or the middles of many cells with their widths. */
function support(d: Distribution): { x: number; width: number }[] {
  if (d.kind === 'categorical') return d.choices.map((_, x) => ({ x, width: 1 }));
  if (isDiscrete(d))
    return Array.from({ length: Math.round((d.high - d.low) / d.step) + 1 }, (_, i) => ({ x: d.low + i * d.step, width: 1 }));
  const n = 20000;
  const [low, high] = d.log ? [Math.log(d.low), Math.log(d.high)] : [d.low, d.high];
  // On a log scale the density is that of the logarithm.
  const at = (t: number) => (d.log ? Math.exp(t) : t);
  return Array.from({ length: n }, (_, i) => ({ x: at(low + ((i + 0.5) * (high - low)) / n), width: (high - low) / n }));
}

for (const [name, d, observed] of CASES) {
  for (const seen of [observed, observed.slice(0, 1), []]) {
    test(`${name}, ${seen.length} observations: the density sums to 1`, () => {
      const parzen = new Parzen([d], [seen]);
      const total = support(d).reduce((sum, { x, width }) => sum + width * Math.exp(parzen.logDensity([x])), 0);
      assert.ok(Math.abs(total - 1) < 1e-6, `${total}`);
    });

    test(`${name}, ${seen.length} observations: samples follow the density`, () => {
      const parzen = new Parzen([d], [seen]);
      const random = createRandom(1, `test/${name}`);
      const n = 4000;
      const samples = Array.from({ length: n }, () => parzen.sample(random)[0]).sort((a, b) => a - b);
      let expected = 0;
      let below = 0;
      let worst = 0;
      for (const { x, width } of support(d)) {
        expected += width * Math.exp(parzen.logDensity([x]));
        while (below < n && samples[below] <= x + 1e-9) below++;
        worst = Math.max(worst, Math.abs(below / n - expected));
      }
      // Kolmogorov and Smirnov: 1.95 / sqrt(n) is passed once in a thousand; the seed is fixed.
      assert.ok(worst < 1.95 / Math.sqrt(n), `${worst}`);
    });
  }
}

/** P(Z <= z) by adding up the density of the standard normal distribution. */
function cdf(z: number): number {
  const n = 20000;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const t = -12 + ((i + 0.5) * (z + 12)) / n;
    sum += Math.exp(-0.5 * t * t);
  }
  return (sum * (z + 12)) / n / Math.sqrt(2 * Math.PI);
}

test('bandwidths and weights: two parameters by hand', () => {
  // x at 0.2 and 0.5 of [0, 1]: the outermost look inwards, 0.3 each; the smallest allowed is 1/4. The prior has mean 0.5 and sigma 1.
  const x = numberRange('x', 'float', 0, 1, {});
  const c = categories('c', ['a', 'b']);
  const parzen = new Parzen(
    [x, c],
    [
      [0.2, 0.5],
      [0, 1],
    ],
  );
  const normal = (t: number, mean: number, sigma: number) => {
    const mass = cdf((1 - mean) / sigma) - cdf(-mean / sigma);
    return Math.exp(-0.5 * ((t - mean) / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI) * mass);
  };
  const seen = (1 + 1 / 3) / (2 / 3 + 1);
  const expected = (normal(0.4, 0.2, 0.3) * seen + normal(0.4, 0.5, 0.3) * (1 - seen) + normal(0.4, 0.5, 1) * 0.5) / 3;
  assert.ok(Math.abs(Math.exp(parzen.logDensity([0.4, 0])) / expected - 1) < 1e-6);
});

test('of many observations the older weigh less', () => {
  const c = categories('c', ['a', 'b']);
  const old = Array.from({ length: 40 }, (_, i) => (i < 15 ? 0 : 1));
  const p = Math.exp(new Parzen([c], [old]).logDensity([0]));
  // 15 old ones rise from 1/40 to 1, 25 recent ones and the prior weigh 1.
  const oldWeight = (15 * (1 / 40 + 1)) / 2;
  const total = 2 / 41 + 1;
  const expected = (oldWeight * ((1 / 41 + 1) / total) + 25 * (1 / 41 / total) + 0.5) / (oldWeight + 26);
  assert.ok(Math.abs(p - expected) < 1e-12, `${p} against ${expected}`);
});

test.run();
