import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { planArena } from '../../src/graph/arena.ts';
import { greedyBySize, type Lifetime } from '../../src/graph/greedy.ts';

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

const size = fc.integer({ min: 1, max: 5000 });

test('a chain of tensors with scratch takes what its busiest step does, whatever its length', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(size, fc.nat(3000)), { minLength: 1, maxLength: 120 }), (chain) => {
      const lifetimes = chain.flatMap(([bytes, scratch], i): Lifetime[] => [
        { bytes, first: i, last: i + 1 },
        { bytes: scratch, first: i, last: i },
      ]);
      const plan = planArena(lifetimes);
      checkPlan(lifetimes, plan.offsets, plan.bytes, 16);
      assert.is(plan.bytes, plan.lowerBound);
      assert.ok(plan.optimal);
    }),
    { numRuns: 200, seed: 4 },
  );
});

test('tensors that outlive some steps: the bound, proven, for nearly all of 40', () => {
  const skipping = fc.array(fc.tuple(size, fc.constantFrom(1, 1, 2, 3, 5)), { minLength: 40, maxLength: 40 });
  const plans = fc.sample(skipping, { numRuns: 40, seed: 5 }).map((tensors) => {
    const lifetimes = tensors.map(([bytes, steps], i): Lifetime => ({ bytes, first: i, last: Math.min(39, i + steps) }));
    const plan = planArena(lifetimes);
    checkPlan(lifetimes, plan.offsets, plan.bytes, 16);
    return plan;
  });
  assert.ok(plans.filter((p) => p.optimal).length >= 36, `${plans.filter((p) => p.optimal).length} of 40`);
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
