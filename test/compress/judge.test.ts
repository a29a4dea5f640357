import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Figures } from '../../src/compress/figures.ts';
import { costOf, goalOf, hopedFor, marginOf, standardOf, worthOf } from '../../src/compress/judge.ts';
import { fits, unmet, violations } from '../../src/compress/limits.ts';
import { type CompressOptions, checkSettings } from '../../src/compress/options.ts';
import { findTarget } from '../../src/mcu/index.ts';
import type { Task } from '../../src/task/index.ts';

const near = (a: number, b: number, by = 1e-12) => assert.ok(Math.abs(a - b) < by, `${a}, not ${b}`);
const plain: Figures = {
  flashBytes: 1000,
  ramBytes: 100,
  latencyMs: 10,
  energyUj: 50,
  macs: 2000,
  weightBytes: 400,
  accuracy: 0.9,
  quality: 0.9,
  score: 0.9,
};
const task: Task = {
  name: 'classification',
  output: 0,
  outputName: 'y',
  places: 1,
  width: 2,
  isIndex: false,
  logits: true,
  input: 0,
  classNames: null,
  metric: 'accuracy',
};
const goal = (over: Partial<CompressOptions> = {}, of = task, given = 0.91) => {
  const settings = checkSettings({ target: 'stm32l476rg', ...over });
  return goalOf(findTarget('stm32l476rg'), settings, plain, standardOf(of, settings, given));
};

test('more of the allowed loss may be held back where folds judge', () => {
  const target = findTarget('stm32l476rg');
  const settings = checkSettings({ target: target.name });
  const withheld = (judges?: 'byFolds') => goalOf(target, settings, plain, standardOf(task, settings, 0.91), judges).withheld;
  assert.is(withheld(), 0.5);
  assert.is(withheld('byFolds'), 1);
});

test('what is to be kept, as one number', () => {
  near(goal({ maxDrop: 0.04 }).floor, 0.87);
  near(goal({}).floor, 0.9);
  assert.is(goal({ goal: 0.8 }).floor, 0.8);
  const values: Task = { ...task, name: 'regression', metric: 'rmse' };
  const errors = goal({ maxDrop: 0.02 }, values, 4);
  near(errors.before, 1);
  near(errors.floor, 0.98);
  near(errors.standard.asked.floor, 4.08);
  near(goal({ goal: 5 }, values, 4).floor, 0.75);
  near(hopedFor(plain, 0.9, errors).quality!, 4.4);
  near(hopedFor(plain, 0.9, goal()).quality!, 0.9);
});

test('a quality that counts is a share of wrong answers, or an error', () => {
  const objective = { flash: 0, ram: 0, latency: 0, quality: 1 };
  const errors = goal({ objective }, { ...task, name: 'regression', metric: 'rmse' }, 4);
  near(costOf({ ...plain, quality: 5 }, { ...errors, plain: { ...plain, quality: 4 } }), 1.25);
});

test('the margin of other metrics is their standard error, that of a recall where it is the worst', () => {
  const targets = Int32Array.from({ length: 1000 }, (_, i) => (i % 50 === 0 ? 1 : 0));
  const answersOf = (wrong: (i: number) => boolean) => {
    const answers = Float64Array.from(targets, (t, i) => (wrong(i) ? 1 - t : t));
    return { answers, targets, scores: Float64Array.from(answers, (a, i) => (a === targets[i] ? 1 : 0)) };
  };
  const reference = answersOf(() => false);
  const found = answersOf((i) => i % 200 === 0);
  const share = marginOf(found, reference, goal({ maxDrop: 0.9 }));
  // A quarter of the 20 examples of one class: its recall is known to about a tenth.
  const recall = marginOf(found, reference, goal({ maxDrop: 0.9, minRecall: { 1: 0.1 } }));
  near(share, Math.sqrt(5 + 4) / 1000, 1e-9);
  assert.ok(recall > 0.06 && recall < 0.15, `${recall}`);
});

test('cost: a weighted mean of shares, nothing gained below what is enough', () => {
  const half = { ...plain, flashBytes: 500, weightBytes: 100, macs: 1000 };
  near(costOf(plain, goal()), 1);
  near(costOf(half, goal()), (0.5 + 1 + 1) / 3);
  const objective = { flash: 0, ram: 0, latency: 0, weights: 3, macs: 1 };
  near(costOf(half, goal({ objective })), (3 * 0.25 + 0.5) / 4);
  near(costOf(half, goal({ objective, enough: { weights: 200 } })), (3 * 0.5 + 0.5) / 4);
  // Wrong answers: 5 % against 10 %.
  near(costOf({ ...plain, quality: 0.95 }, goal({ objective: { flash: 0, ram: 0, latency: 0, quality: 1 } })), 0.5);
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
  const at = (score: number, margin = 0) => worthOf({ ...plain, score }, margin, g);
  assert.ok(at(0.9) < at(0.895) && at(0.895) - at(0.9) < 0.001);
  near(at(0.88) - at(0.89), 0.5 + 0.0001, 1e-9);
  near(at(0.89), at(0.9, 0.01), 1e-9);
});

test('the margin: the standard error of what changed sides, at most half of the allowed loss', () => {
  const g = goal({ maxDrop: 0.08 });
  const right = Float64Array.from({ length: 1000 }, (_, i) => (i < 21 ? 0 : 1));
  const reference = Float64Array.from({ length: 1000 }, () => 1);
  const of = (scores: Float64Array) => ({ answers: scores, targets: null, scores });
  near(marginOf(of(right), of(reference), g), 0.005);
  near(marginOf(of(right.subarray(0, 25)), of(reference.subarray(0, 25)), g), 0.04);
  near(marginOf(of(right.subarray(0, 25)), of(reference.subarray(0, 25)), { ...g, withheld: 0.25 }), 0.02);
});

test.run();
