import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { narrowed } from '../../src/compress/narrow.ts';

/** Candidates of these values, of which those from `least` on hold; which were looked at, and what came of it. */
async function narrow(
  values: readonly number[],
  most: number,
  least: number,
  { chance = (value: number) => 0.01 * value, cheap = [] as readonly number[] } = {},
) {
  const seen: number[] = [];
  const chosen = await narrowed(
    values.map((value) => ({ value })),
    most,
    async ({ value }) => {
      seen.push(value);
      return { candidate: value, holds: value >= least, chance: chance(value) };
    },
    ({ value }) => cheap.includes(value),
  );
  return { seen, chosen };
}

test('the best is taken where it holds', async () => {
  assert.equal(await narrow([0.2, 0.3, 1], 3, 0), { seen: [0.2], chosen: 0.2 });
});

test('else one half way to the worst, and so on to both sides', async () => {
  assert.equal(await narrow([0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1], 3, 0.35), { seen: [0.2, 0.6, 0.4], chosen: 0.4 });
  assert.equal(await narrow([0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1], 3, 0.75), { seen: [0.2, 0.6, 0.8], chosen: 0.8 });
});

test('one that nearly held is followed by one that needs a little more', async () => {
  assert.equal(await narrow([0.2, 0.25, 0.4, 0.6, 1], 3, 0.4, { chance: () => 0.4 }), { seen: [0.2, 0.4, 0.25], chosen: 0.4 });
});

test('those that cost nothing are looked at one by one, and do not count', async () => {
  const values = [0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 1];
  assert.equal(await narrow(values, 1, 0.35, { cheap: [0.25, 0.3, 0.4, 0.6] }), { seen: [0.2, 0.25, 0.3, 0.4], chosen: 0.4 });
  assert.equal(await narrow(values, 2, 0.45, { cheap: [0.25, 0.3, 0.4] }), { seen: [0.2, 0.25, 0.3, 0.4, 0.6], chosen: 0.6 });
});

test('where nothing lies half way, the nearest below', async () => {
  assert.equal(await narrow([0.2, 0.3, 0.4, 1], 3, 0.25), { seen: [0.2, 0.4, 0.3], chosen: 0.3 });
});

test('the worst is looked at where none held, and the likeliest is taken where it does not hold either', async () => {
  assert.equal(await narrow([0.2, 0.3, 0.4, 1], 2, 0.9), { seen: [0.2, 0.4, 1], chosen: 1 });
  assert.equal(await narrow([0.2, 0.3, 0.4, 1], 2, 2), { seen: [0.2, 0.4, 1], chosen: 1 });
});

test.run();
