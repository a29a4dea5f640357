import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { createRandom, normal, type Random } from '../../src/random.ts';
import {
  chanceOfKeeping,
  checkedTogether,
  describeSmallData,
  foldsBeside,
  pairedTest,
  smallestLoss,
  type Task,
  upperTail,
} from '../../src/task/index.ts';

const near = (a: number, b: number, within = 1e-9) => assert.ok(Math.abs(a - b) < within, `${a} instead of ${b}`);

test('the tail of fair coins is what counting gives', () => {
  for (const n of [1, 2, 5, 12]) {
    for (let k = 0; k <= n; k++) {
      let found = 0;
      for (let coins = 0; coins < 2 ** n; coins++) {
        const heads = [...coins.toString(2)].filter((c) => c === '1').length;
        if (heads >= k) found++;
      }
      near(upperTail(n, k), found / 2 ** n);
    }
  }
  near(upperTail(10, 8), (45 + 10 + 1) / 1024);
  near(upperTail(3, 2, 0.2), 3 * 0.04 * 0.8 + 0.008);
  near(upperTail(7, 0, 0.3), 1);
  assert.equal([upperTail(4, 4, 1), upperTail(4, 1, 0), upperTail(0, 0, 0.5)], [1, 0, 1]);
  near(upperTail(5000, 2500), 0.5 + 0.5 * Math.sqrt(2 / (Math.PI * 5000)), 1e-5); // half of the middle term, by Stirling
  near(upperTail(5000, 2600), 0.0024, 2e-4); // 2.81 standard deviations of the normal distribution
});

test('right and wrong: of the examples that only one answers right (McNemar)', () => {
  const before = [1, 1, 1, 1, 1, 1, 0, 1, 0];
  const after = [0, 0, 0, 0, 0, 1, 1, 1, 0];
  near(pairedTest(before, after), upperTail(6, 5));
  near(pairedTest(after, before), upperTail(6, 1));
  assert.is(pairedTest(before, before), 1);
});

test('a loss that is allowed: of those that differ more may be lost; as much as is allowed is no reason to doubt', () => {
  const before = new Array<number>(100).fill(1);
  const lost = (n: number) => before.map((b, i) => (i < n ? 0 : b));
  near(pairedTest(before, lost(5)), 1 / 32);
  assert.is(pairedTest(before, lost(5), { allowed: 0.05 }), 1);
  assert.ok(pairedTest(before, lost(5), { allowed: 0.01 }) < pairedTest(before, lost(5), { allowed: 0.03 }));
  // 4 lost and 2 won where 2 of 100 may be lost: just what is expected.
  const found = lost(4);
  const given = before.map((b, i) => (i >= 98 ? 0 : b));
  near(pairedTest(given, found, { allowed: 0.02 }), upperTail(6, 4, 0.5 + 2 / 12));
  assert.is(pairedTest(before, before, { allowed: -0.01 }), 0);
});

const values: Task = {
  ...{
    name: 'regression',
    output: 0,
    outputName: 'y',
    places: 1,
    width: 1,
    isIndex: false,
    logits: true,
    input: 0,
    classNames: null,
  },
  metric: 'rmse',
};
const classes: Task = { ...values, name: 'classification', width: 2, metric: 'accuracy' };
const COUNT = 300;
const checked = (task: Task, seed: number, answer: (target: number, random: Random, i: number) => number) => {
  const random = createRandom(seed, 'checked');
  const targets =
    task.name === 'regression'
      ? Float32Array.from({ length: COUNT }, (_, i) => i / 10)
      : Int32Array.from({ length: COUNT }, (_, i) => i % 2);
  const answers = Float64Array.from(targets, (t, i) => answer(t, random, i));
  return checkedTogether(task, [
    { answers: answers.subarray(0, 100), targets: targets.subarray(0, 100) },
    { answers: answers.subarray(100), targets: targets.subarray(100) },
  ]);
};

test('the chance that a goal is kept: about a half where it is just kept, for every kind of metric', () => {
  const shift = (by: number) => (t: number, random: Random) => t + by * normal(random);
  const flip = (share: number) => (t: number, random: Random) => (random.uniform() < share ? 1 - t : t);
  const kinds: [Task, (worse: number) => (t: number, r: Random, i: number) => number][] = [
    [values, (worse) => shift(1 + worse)],
    [{ ...values, metric: 'mae' }, (worse) => shift(1 + worse)],
    [classes, (worse) => flip(0.1 + worse)],
    [{ ...classes, metric: 'balanced' }, (worse) => flip(0.1 + worse)],
  ];
  for (const [task, answer] of kinds) {
    const before = checked(task, 1, answer(0));
    const after = checked(task, 2, answer(0.3));
    const [given, found] = [before, after].map((c) => c.evaluation.quality!);
    const chance = (floor: number) => chanceOfKeeping(task, { metric: task.metric, floor, recalls: [] }, before, after, 3);
    const [just, loose, strict] = [found, found + (found - given), given + (given - found)].map(chance);
    assert.ok(just > 0.35 && just < 0.65, `${task.metric}: ${just}`);
    assert.ok(loose > just && strict < just, `${task.metric}: ${loose} ${just} ${strict}`);
    assert.is(chance(found), just);
  }
});

test('the recall of a class: its binomial', () => {
  const before = checked(classes, 1, (t) => t);
  const after = checked(classes, 2, (t, _, i) => (i < 20 && t === 1 ? 0 : t));
  const goal = { metric: 'accuracy', floor: 0.5, recalls: [{ class: 1, least: 0.95 }] } as const;
  near(chanceOfKeeping(classes, goal, before, after), upperTail(150, 10, 0.05), 1e-6);
});

test('errors: the share of the signs that give as large a sum', () => {
  const differences = [0.5, 1.5, -0.25, 2];
  let extreme = 0;
  for (let s = 0; s < 16; s++) {
    const sum = differences.reduce((total, d, i) => total + ((s >> i) & 1 ? -1 : 1) * Math.abs(d), 0);
    if (sum >= 3.75) extreme++;
  }
  near(pairedTest(differences, [0, 0, 0, 0]), extreme / 16);
});

test('errors of many examples: small where all are worse, about a half where nothing is, and the same every time', () => {
  const random = createRandom(4, 'paired');
  const half = Array.from({ length: 200 }, () => normal(random));
  const noise = [...half, ...half.map((v) => -v)];
  const zero = noise.map(() => 0);
  const p = pairedTest(noise, zero);
  assert.ok(p > 0.45 && p < 0.55, String(p));
  assert.is(pairedTest(noise, zero), p);
  const worse = noise.map((v) => v + 1);
  assert.ok(pairedTest(worse, zero) < 0.001);
  assert.ok(pairedTest(zero, worse) > 0.999);
});

test('two networks that are equally good are called worse no more often than the test allows', () => {
  let called = 0;
  for (let trial = 0; trial < 400; trial++) {
    const random = createRandom(trial, 'equal');
    const [a, b] = [0, 1].map(() => Array.from({ length: 60 }, () => (random.uniform() < 0.8 ? 1 : 0)));
    if (pairedTest(a, b) <= 0.05) called++;
  }
  assert.ok(called <= 0.05 * 400 + 3 * Math.sqrt(400 * 0.05 * 0.95), `${called} of 400`);
});

test('the message says what few examples can show', () => {
  near(smallestLoss(20), 0.25);
  near(smallestLoss(1000), 0.005);
  assert.is(describeSmallData(1000, 0.01, 'validation'), null);
  assert.match(
    describeSmallData(19, 0.01, 'the validation part')!,
    /has 19 examples: one is 5\.26 points, so no example may be lost of the 1 points allowed, and a loss below 26\.3 points is not significant/,
  );
  assert.match(describeSmallData(192, 0.02, 'validation')!, /3 examples may be lost/);
});

test('folds: what trained no fold judges it, no example judges twice, classes are even', async () => {
  const y = Array.from({ length: 60 }, (_, i) => (i < 12 ? 1 : 0));
  const x = Float32Array.from({ length: 60 }, (_, i) => i);
  for (const split of [
    [0.7, 0.2, 0.1],
    [0.4, 0.5, 0.1],
  ] as const) {
    const data = await loadDataset({ x, y, shape: [60, 1] }, { split: [...split] });
    const folds = foldsBeside(data, 3, 3);
    const known = data.train!.count + data.validation!.count;
    const judging = [data, ...folds].flatMap((f) => [...f.validation!.inputs[0]]);
    assert.is(new Set(judging).size, judging.length);
    assert.is(folds.length, 2);
    for (const { train, validation } of folds) {
      assert.is(train!.count + validation!.count, known);
      assert.is(new Set([...train!.inputs[0], ...validation!.inputs[0]]).size, known);
      assert.ok(Math.abs(validation!.count - Math.min(data.validation!.count, data.train!.count / 2)) <= 1);
      const ones = [...validation!.y!].reduce((a, b) => a + b, 0);
      assert.ok(ones >= 2 && ones <= 3, String(ones));
    }
    assert.equal(foldsBeside(data, 3, 3), folds);
  }
});

test.run();
