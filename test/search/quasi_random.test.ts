import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { QuasiRandomSampler, RandomSampler, type Sampler, Study } from '../../src/search/index.ts';
import { sobol } from '../../src/search/quasi_random.ts';

test('2^k points have one in each of 2^k equal intervals, in each dimension and past the table', () => {
  for (const dimension of [...Array(21).keys(), 21, 25, 43]) {
    for (const k of [1, 3, 6]) {
      const cells = new Set(Array.from({ length: 2 ** k }, (_, i) => Math.floor(sobol(i, dimension, 5) * 2 ** k)));
      assert.is(cells.size, 2 ** k, `dimension ${dimension}, 2^${k} points`);
    }
  }
});

test('2^k points of the first two dimensions have one in each box of that area, of any shape', () => {
  const k = 6;
  for (let a = 0; a <= k; a++) {
    const boxes = new Set(
      Array.from({ length: 2 ** k }, (_, i) => {
        const [x, y] = [Math.floor(sobol(i, 0, 9) * 2 ** a), Math.floor(sobol(i, 1, 9) * 2 ** (k - a))];
        return `${x},${y}`;
      }),
    );
    assert.is(boxes.size, 2 ** k, `2^${a} columns`);
  }
});

test('points of other seeds are others', () => {
  const points = (seed: number) => String(Array.from({ length: 8 }, (_, i) => sobol(i, 2, seed)));
  assert.is(points(1), points(1));
  assert.is.not(points(1), points(2));
});

/** How far the share of points below (x, y) is from x y, at most, over a grid. */
async function discrepancy(sampler: Sampler, seed: number): Promise<number> {
  const study = new Study({ sampler, seed, lag: 4 });
  const points: number[][] = [];
  for (let i = 0; i < 128; i++) {
    const trial = (await study.ask((t) => [t.suggestFloat('x', -1, 1), t.suggestFloat('y', 1e-4, 1, { log: true })]))!;
    points.push([(trial.point[0] + 1) / 2, 1 + Math.log10(trial.point[1]) / 4]);
    await study.tell(trial, 0);
  }
  let worst = 0;
  for (let a = 1; a <= 10; a++) {
    for (let b = 1; b <= 10; b++) {
      const share = points.filter(([x, y]) => x < a / 10 && y < b / 10).length / points.length;
      worst = Math.max(worst, Math.abs(share - (a * b) / 100));
    }
  }
  return worst;
}

test('trials of a study fill their space more evenly than random ones', async () => {
  for (const seed of [1, 2, 3]) {
    const [even, random] = [await discrepancy(new QuasiRandomSampler(), seed), await discrepancy(new RandomSampler(), seed)];
    assert.ok(even < 0.6 * random, `seed ${seed}: ${even} and ${random}`);
  }
});

test('a parameter that no trial before had is drawn at random, and has a dimension from then on', async () => {
  const study = new Study({ sampler: new QuasiRandomSampler(), seed: 3 });
  for (let i = 0; i < 40; i++) {
    const trial = (await study.ask((t) => ({
      first: t.suggestFloat('first', 0, 1),
      late: i < 20 ? null : t.suggestFloat('late', 0, 1),
    })))!;
    if (i > 0) assert.is(trial.point.first, sobol(i, 0, 3));
    if (i > 20) assert.is(trial.point.late, sobol(i, 1, 3));
    await study.tell(trial, 0);
  }
});

test.run();
