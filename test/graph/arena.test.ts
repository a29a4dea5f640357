import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { greedyBySize, type Lifetime, planArena } from '../../src/graph/arena.ts';

const lifetime = (maxSize: number, maxStep: number) =>
  fc
    .record({ bytes: fc.integer({ min: 0, max: maxSize }), a: fc.nat(maxStep), b: fc.nat(maxStep) })
    .map(({ bytes, a, b }): Lifetime => ({ bytes, first: Math.min(a, b), last: Math.max(a, b) }));

function checkPlan(lifetimes: readonly Lifetime[], offsets: readonly number[], bytes: number, align: number) {
  lifetimes.forEach((l, i) => {
    assert.is(offsets[i] % align, 0);
    assert.ok(offsets[i] >= 0 && offsets[i] + l.bytes <= bytes);
    for (let k = 0; k < i; k++) {
      const o = lifetimes[k];
      if (o.last < l.first || o.first > l.last || !o.bytes || !l.bytes) continue;
      assert.ok(offsets[i] + l.bytes <= offsets[k] || offsets[k] + o.bytes <= offsets[i], `buffers ${k} and ${i} overlap`);
    }
  });
}

test('live buffers never overlap, and greedy-by-size is never better', () => {
  fc.assert(
    fc.property(fc.array(lifetime(5000, 30), { maxLength: 40 }), fc.constantFrom(1, 4, 16, 64), (lifetimes, align) => {
      const plan = planArena(lifetimes, { align, nodes: 500 });
      checkPlan(lifetimes, plan.offsets, plan.bytes, align);
      const greedy = greedyBySize(lifetimes, align);
      checkPlan(lifetimes, greedy.offsets, greedy.bytes, align);
      assert.ok(plan.bytes <= greedy.bytes);
      assert.ok(plan.bytes >= plan.lowerBound);
    }),
    { numRuns: 300, seed: 1 },
  );
});

/** The smallest arena by trying every order of first fit upon what lies below. */
function bruteForce(lifetimes: readonly Lifetime[]): number {
  let best = Number.POSITIVE_INFINITY;
  const offsets = new Map<number, number>();
  const go = (top: number) => {
    if (top >= best) return;
    if (offsets.size === lifetimes.length) {
      best = top;
      return;
    }
    lifetimes.forEach((l, i) => {
      if (offsets.has(i)) return;
      let from = 0;
      for (const [k, at] of offsets) {
        const o = lifetimes[k];
        if (!(o.last < l.first || o.first > l.last)) from = Math.max(from, at + o.bytes);
      }
      offsets.set(i, from);
      go(Math.max(top, from + l.bytes));
      offsets.delete(i);
    });
  };
  go(0);
  return best === Number.POSITIVE_INFINITY ? 0 : best;
}

test('equals brute force on tiny inputs', () => {
  fc.assert(
    fc.property(fc.array(lifetime(9, 6), { maxLength: 6 }), (lifetimes) => {
      const plan = planArena(lifetimes, { align: 1 });
      assert.ok(plan.optimal);
      assert.is(plan.bytes, bruteForce(lifetimes));
    }),
    { numRuns: 400, seed: 2 },
  );
});

test('beats greedy-by-size where that is not optimal', () => {
  const lifetimes = [
    { bytes: 2, first: 2, last: 4 },
    { bytes: 4, first: 0, last: 2 },
    { bytes: 5, first: 0, last: 0 },
    { bytes: 4, first: 2, last: 2 },
  ];
  const plan = planArena(lifetimes, { align: 1 });
  assert.ok(plan.optimal);
  assert.is(plan.bytes, 10);
  assert.is(greedyBySize(lifetimes, 1).bytes, 11);
});

test('the same plan twice, and an empty one', () => {
  const lifetimes = fc.sample(lifetime(5000, 30), { numRuns: 40, seed: 3 });
  assert.equal(planArena(lifetimes), planArena(lifetimes));
  assert.equal(planArena([]), { offsets: [], bytes: 0, lowerBound: 0, optimal: true });
});

test.run();
