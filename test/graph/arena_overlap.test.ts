import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { planArena } from '../../src/graph/arena.ts';
import { type Overlap, planOverlapping } from '../../src/graph/arena_overlap.ts';
import type { Lifetime } from '../../src/graph/greedy.ts';
import { createRandom } from '../../src/random.ts';

/** A chain of tensors, each written by a step that reads the one before, and scratch of the steps. */
function chain(sizes: readonly number[], scratch: readonly number[]): Lifetime[] {
  const tensors = sizes.map((bytes, i) => ({ bytes, first: Math.max(0, i - 1), last: i }));
  return [...tensors, ...scratch.map((bytes, i) => ({ bytes, first: i, last: i }))];
}

function check(lifetimes: readonly Lifetime[], overlaps: readonly Overlap[], offsets: readonly number[], bytes: number): void {
  lifetimes.forEach((a, i) => {
    assert.is(offsets[i] % 16, 0);
    assert.ok(a.bytes === 0 || offsets[i] + a.bytes <= bytes);
    lifetimes.forEach((b, k) => {
      const together = a.first <= b.last && b.first <= a.last;
      const over = offsets[i] < offsets[k] + b.bytes && offsets[k] < offsets[i] + a.bytes;
      if (k <= i || !together || !over || !a.bytes || !b.bytes) return;
      const rule = overlaps.find((o) => (o.input === i && o.output === k) || (o.input === k && o.output === i));
      assert.ok(rule, `${i} lies over ${k}`);
      const apart = offsets[rule!.input] - offsets[rule!.output];
      assert.ok(apart >= rule!.below && apart % rule!.multiple === 0, `${apart} bytes apart, ${rule!.below} needed`);
    });
  });
}

test('an output may lie over its input, as far below it as it must', () => {
  const lifetimes = chain([1600, 1600, 1600], [64, 32]);
  const overlaps = [
    { input: 0, output: 1, below: 100, multiple: 1 },
    { input: 1, output: 2, below: 0, multiple: 48 },
  ];
  const { offsets, bytes } = planOverlapping(lifetimes, overlaps);
  check(lifetimes, overlaps, offsets, bytes);
  assert.ok(bytes <= 1600 + 112 + 64, `${bytes}`);
  assert.is(planArena(lifetimes).bytes, 3264);
});

test('plans of random chains break no rule, and none is larger than two tensors and their scratch', () => {
  const random = createRandom(1, 'overlap');
  for (let round = 0; round < 200; round++) {
    const n = 2 + random.below(6);
    const sizes = Array.from({ length: n }, () => 1 + random.below(900));
    const lifetimes = chain(
      sizes,
      sizes.slice(1).map(() => random.below(3) * 40),
    );
    const overlaps = sizes.slice(1).flatMap((_, i) => {
      if (!random.below(3)) return [];
      return [{ input: i, output: i + 1, below: random.below(300), multiple: [1, 1, 24, 64][random.below(4)] }];
    });
    const { offsets, bytes } = planOverlapping(lifetimes, overlaps);
    check(lifetimes, overlaps, offsets, bytes);
  }
});

test.run();
