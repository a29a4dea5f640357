import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fold } from '../../src/search/fold.ts';
import { EvolutionSampler, Study, type Trial } from '../../src/search/index.ts';
import { newRecord, type TrialRecord } from '../../src/search/record.ts';

const NAMES = Array.from({ length: 12 }, (_, i) => `x${i}`);
const space = (trial: Trial) => NAMES.map((name) => trial.suggestFloat(name, 0, 1));

test('from the eighth complete trial on most parameters are inherited, before none', async () => {
  const study = new Study({ sampler: new EvolutionSampler(), seed: 1 });
  const inherited: number[] = [];
  const seen = new Set<number>();
  for (let i = 0; i < 16; i++) {
    const trial = (await study.ask(space))!;
    inherited.push(trial.point.filter((x) => seen.has(x)).length);
    for (const x of trial.point) seen.add(x);
    // The third never completes, so that there are eight after nine.
    await study.tell(trial, trial.point[0], { state: i === 2 ? 'failed' : 'complete' });
  }
  assert.equal(inherited.slice(0, 9), Array(9).fill(0));
  for (const count of inherited.slice(9)) assert.ok(count >= 6, `${count} of 12`);
});

test('what one of many settings gives is found, and no parent is tried again', async () => {
  const bits = NAMES.map((_, i) => (i % 3 === 0 ? 4 : 8));
  const study = new Study({ sampler: new EvolutionSampler({ populationSize: 10 }), seed: 1 });
  const seen = new Set<string>();
  for (let i = 0; i < 150; i++) {
    const trial = (await study.ask((t) => NAMES.map((name) => t.suggestCategorical(name, [4, 8]))))!;
    seen.add(String(trial.point));
    await study.tell(trial, trial.point.filter((b, k) => b !== bits[k]).length);
  }
  assert.is(study.best!.value, 0);
  assert.ok(seen.size > 90, `${seen.size} different of 150`);
});

const trials = Array.from({ length: 6 }, (_, i) => newRecord(i, 'complete'));
const view = (finished: readonly TrialRecord[]) => ({
  seed: 0,
  number: 9,
  directions: ['minimize'] as const,
  finished,
  running: [],
});

test('what is built from trials adds each once, and is built anew where one came in between or is no longer known', () => {
  let added = 0;
  const fold = new Fold<number[]>(
    () => [],
    (state, { number }) => {
      added++;
      return [...state, number];
    },
  );
  const of = (...numbers: number[]) => {
    added = 0;
    assert.equal(fold.of(view(numbers.map((n) => trials[n]))), numbers);
    return added;
  };
  assert.is(of(), 0);
  assert.is(of(0, 1), 2);
  assert.is(of(0, 1), 0);
  assert.is(of(0, 1, 3, 5), 2);
  assert.is(of(0, 1, 2, 3, 5), 5);
  assert.is(of(0, 1, 2), 3);
  assert.is(of(0, 1, 2, 4), 1);
  assert.is(of(), 0);
  assert.is(of(3), 1);
});

test.run();
