import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  binomialTail,
  chanceOfLosses,
  costOf,
  type Figures,
  fits,
  goalOf,
  isEnough,
  marginOf,
  smallestLoss,
  unmet,
  violations,
  worthOf,
} from '../../src/compress/judge.ts';
import { type CompressOptions, checkSettings } from '../../src/compress/options.ts';
import { findTarget } from '../../src/mcu/index.ts';

const near = (a: number, b: number, by = 1e-12) => assert.ok(Math.abs(a - b) < by, `${a}, not ${b}`);
const plain: Figures = {
  flashBytes: 1000,
  ramBytes: 100,
  latencyMs: 10,
  energyUj: 50,
  macs: 2000,
  weightBytes: 400,
  accuracy: 0.9,
};
const goal = (over: Partial<CompressOptions> = {}) =>
  goalOf(findTarget('stm32l476rg'), checkSettings({ target: 'stm32l476rg', ...over }), plain, 0.91);

test('the accuracy to keep', () => {
  near(goal({ maxDrop: 0.04 }).floor, 0.87);
  assert.is(goal({ minAccuracy: 0.8 }).floor, 0.8);
});

test('cost: a weighted mean of shares, nothing gained below what is enough', () => {
  const half = { ...plain, flashBytes: 500, weightBytes: 100, macs: 1000 };
  near(costOf(plain, goal()), 1);
  near(costOf(half, goal()), (0.5 + 1 + 1) / 3);
  const objective = { flash: 0, ram: 0, latency: 0, weights: 3, macs: 1 };
  near(costOf(half, goal({ objective })), (3 * 0.25 + 0.5) / 4);
  near(costOf(half, goal({ objective, enough: { weights: 200 } })), (3 * 0.5 + 0.5) / 4);
  // Wrong answers: 5 % against 10 %.
  near(costOf({ ...plain, accuracy: 0.95 }, goal({ objective: { flash: 0, ram: 0, latency: 0, quality: 1 } })), 0.5);
  assert.is(isEnough(half, { ...goal({ objective, enough: { weights: 200 } }).settings }), false);
  assert.is(isEnough(half, { ...goal({ objective, enough: { weights: 200, macs: 1000 } }).settings }), true);
});

test('limits of all kinds', () => {
  const { limits } = goal({ maxMacs: 1999, weightBudget: 400, maxEnergyUj: 49, maxLatencyMs: 11 });
  assert.is(fits(plain, limits), false);
  assert.equal(
    unmet(plain, limits).map(([what]) => what),
    ['energy', 'MACs'],
  );
  assert.is(violations(plain, limits).filter((v) => v > 0).length, 2);
  assert.ok(fits({ ...plain, macs: 1999, energyUj: 49 }, limits));
});

test('what a candidate is worth: accuracy above the goal is a tie-break, below it dear', () => {
  const g = goal({ maxDrop: 0.02 });
  const at = (accuracy: number, margin = 0) => worthOf({ ...plain, accuracy }, margin, g);
  assert.ok(at(0.9) < at(0.895) && at(0.895) - at(0.9) < 0.001);
  near(at(0.88) - at(0.89), 0.5 + 0.0001, 1e-9);
  near(at(0.89), at(0.9, 0.01), 1e-9);
});

test('the margin: the standard error of what changed sides, at most half of the allowed loss', () => {
  const g = goal({ maxDrop: 0.08 });
  const right = Float64Array.from({ length: 1000 }, (_, i) => (i < 21 ? 0 : 1));
  const reference = Float64Array.from({ length: 1000 }, () => 1);
  near(marginOf(right, reference, g), 0.005);
  near(marginOf(right.subarray(0, 25), reference.subarray(0, 25), g), 0.04);
});

test('a binomial tail is exact', () => {
  near(binomialTail(5, 5, 0.5), 1 / 32);
  near(binomialTail(10, 8, 0.5), (45 + 10 + 1) / 1024);
  near(binomialTail(3, 2, 0.2), 3 * 0.04 * 0.8 + 0.008);
  near(binomialTail(7, 0, 0.3), 1);
  assert.is(binomialTail(4, 4, 1), 1);
  near(binomialTail(400, 200, 0.5), 0.5 + 0.5 * 0.0398693, 1e-6);
});

test('the sign test of a loss: five lost and none won cannot be luck; as much as is allowed can', () => {
  const reference = Float64Array.from({ length: 100 }, () => 1);
  const lost = (n: number) => Float64Array.from({ length: 100 }, (_, i) => (i < n ? 0 : 1));
  near(chanceOfLosses(lost(5), reference, 0), 1 / 32);
  assert.is(chanceOfLosses(lost(0), reference, 0), 1);
  assert.is(chanceOfLosses(lost(5), reference, 0.05), 1);
  assert.ok(chanceOfLosses(lost(5), reference, 0.01) < chanceOfLosses(lost(5), reference, 0.03));
  near(smallestLoss(100), 0.05);
});

test.run();
