import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { createRandom, normal } from '../../src/random.ts';
import { describeSmallData, foldsOf, pairedTest, smallestLoss, upperTail } from '../../src/task/index.ts';

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

test('what few examples can show is told', () => {
  near(smallestLoss(20), 0.25);
  near(smallestLoss(1000), 0.005);
  assert.is(describeSmallData(1000, 0.01, 'validation'), null);
  assert.match(
    describeSmallData(19, 0.01, 'the validation part')!,
    /has 19 examples: one is 5\.26 points, so no example may be lost of the 1 points allowed, and a loss below 26\.3 points is not significant/,
  );
  assert.match(describeSmallData(192, 0.02, 'validation')!, /3 examples may be lost/);
});

test('folds: every example is in one, classes are even, the rest trains', async () => {
  const y = Array.from({ length: 60 }, (_, i) => (i < 12 ? 1 : 0));
  const x = Float32Array.from({ length: 60 }, (_, i) => i);
  const data = await loadDataset({ x, y, shape: [60, 1] }, { split: [0.7, 0.2, 0.1] });
  const folds = foldsOf(data, 4, 3);
  const known = data.train!.count + data.validation!.count;
  const seen = folds.flatMap((f) => [...f.validation!.inputs[0]]);
  assert.is(seen.length, known);
  assert.is(new Set(seen).size, known);
  for (const { train, validation } of folds) {
    assert.is(train!.count + validation!.count, known);
    assert.is(new Set([...train!.inputs[0], ...validation!.inputs[0]]).size, known);
    const ones = [...validation!.y!].reduce((a, b) => a + b, 0);
    assert.ok(ones >= 2 && ones <= 3, String(ones));
  }
  assert.equal(foldsOf(data, 4, 3), folds);
});

test.run();
