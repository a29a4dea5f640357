import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crowding, dominates, hypervolume, largestSubset, ranks } from '../../src/search/pareto.ts';

/** Small whole coordinates, so that equal ones are common and volumes are exact. */
const points = (dimensions: number, maxLength = 8) =>
  fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: dimensions, maxLength: dimensions }), { maxLength });

/** Counts the unit cells of the grid that a point dominates. */
function cellsDominated(all: readonly (readonly number[])[], reference: readonly number[]): number {
  let cells: number[][] = [[]];
  for (const r of reference) cells = cells.flatMap((c) => Array.from({ length: r }, (_, v) => [...c, v]));
  return cells.filter((cell) => all.some((p) => p.every((v, i) => v <= cell[i]))).length;
}

for (const dimensions of [1, 2, 3, 4]) {
  test(`hypervolume in ${dimensions} dimensions equals counting cells`, () => {
    const reference = Array.from({ length: dimensions }, (_, i) => 4 + (i % 2));
    fc.assert(
      fc.property(points(dimensions), (all) => hypervolume(all, reference) === cellsDominated(all, reference)),
      { numRuns: 60 },
    );
  });

  test(`ranks in ${dimensions} dimensions: no one dominates within, someone of the rank before dominates each`, () => {
    fc.assert(
      fc.property(points(dimensions), (all) => {
        const result = ranks(all);
        assert.equal(
          result.flat().sort((a, b) => a - b),
          all.map((_, i) => i),
        );
        for (const [r, rank] of result.entries()) {
          for (const i of rank) {
            assert.not(rank.some((j) => dominates(all[j], all[i])));
            if (r > 0) assert.ok(result[r - 1].some((j) => dominates(all[j], all[i])));
          }
        }
      }),
    );
  });

  test(`the subset in ${dimensions} dimensions is the greedy one`, () => {
    fc.assert(
      fc.property(points(dimensions), fc.nat(4), (all, count) => {
        const chosen = largestSubset(all, count);
        assert.is(new Set(chosen).size, Math.min(count, all.length));
        const reference = all[0]?.map((_, i) => 1.1 * Math.max(...all.map((p) => p[i])) || 1e-12) ?? [];
        const volume = (indices: number[]) =>
          hypervolume(
            indices.map((i) => all[i]),
            reference,
          );
        for (let k = 0; k < chosen.length; k++) {
          const best = Math.max(...all.map((_, i) => (chosen.slice(0, k).includes(i) ? 0 : volume([...chosen.slice(0, k), i]))));
          assert.ok(Math.abs(volume(chosen.slice(0, k + 1)) - best) <= 1e-9 * best);
        }
      }),
      { numRuns: 60 },
    );
  });
}

test('points that are not finite are chosen last', () => {
  assert.equal(
    largestSubset(
      [
        [Number.POSITIVE_INFINITY, 0],
        [1, 2],
        [2, 1],
      ],
      2,
    ).sort(),
    [1, 2],
  );
  assert.is(
    largestSubset(
      [
        [Number.POSITIVE_INFINITY, 0],
        [1, 2],
      ],
      2,
    ).length,
    2,
  );
});

test('crowding: ends are infinitely far, the middle by its gaps', () => {
  assert.equal(
    crowding([
      [0, 4],
      [1, 2],
      [4, 0],
    ]),
    [Number.POSITIVE_INFINITY, 2, Number.POSITIVE_INFINITY],
  );
  assert.equal(crowding([]), []);
});

test.run();
