import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRandom, permutation } from '../../src/random.ts';
import { MemoryStore, type RunningTrial, type Sampler, Study, type Trial } from '../../src/search/index.ts';
import { allParams, isRefused, nothing, suggest } from './space.ts';

test("a caller's own sampler chooses together, and what it leaves out one by one", async () => {
  const sampler: Sampler = {
    propose: ({ number }) =>
      new Map([['i', { internal: number, distribution: { kind: 'categorical', choices: ['a', 'b', 'c'] } }]]),
    sample: ({ finished }, name, distribution) =>
      finished.at(-1)?.params.get(name)?.internal ?? (distribution.kind === 'categorical' ? 0 : distribution.high),
  };
  const space = (low: number) => (t: Trial) => [t.suggestCategorical('i', ['a', 'b', 'c']), t.suggestInt('n', low, 9)];
  const study = new Study({ sampler });
  for (let i = 0; i < 4; i++) {
    const trial = (await study.ask(space(i)))!;
    await study.tell(trial, 0);
  }
  // What a sampler proposes outside the choices is not taken: it is asked again.
  assert.equal(
    study.trials.map((t) => t.params.i),
    ['a', 'b', 'c', 'c'],
  );
  assert.equal(
    study.trials.map((t) => t.params.n),
    [9, 9, 9, 9],
  );
  await isRefused(
    study.ask((t) => t.suggestInt('n', 0, 5)),
    /the sampler chose 9 for "n", which is not in its range/,
  );
});

test('a maximised study and its mirror image choose the same', async () => {
  const run = async (direction: 'minimize' | 'maximize', sign: number) => {
    const study = new Study({ direction });
    for (let i = 0; i < 30; i++) {
      const trial = (await study.ask(suggest))!;
      await study.tell(trial, sign * trial.point);
    }
    assert.is(study.best!.value, sign * Math.min(...study.trials.map((t) => sign * t.value!)));
    return allParams(study);
  };
  assert.is(await run('minimize', 1), await run('maximize', -1));
});

test('best is feasible, and the earliest of equals', async () => {
  const study = new Study();
  const tell = async (value: number, constraint: number) =>
    study.tell((await study.ask(nothing))!, value, { constraints: [constraint] });
  assert.is(study.best, null);
  await tell(1, 0.5);
  assert.is(study.best, null);
  await tell(3, -1);
  await tell(2, 0);
  await tell(2, 0);
  assert.is(study.best!.number, 2);
  assert.equal(
    study.paretoFront.map((t) => t.number),
    [2, 3],
  );
});

test('enqueued values come first, once, and the rest is sampled', async () => {
  const study = new Study();
  await study.enqueue({ lr: 0.01, quant: 'on', bits: null });
  await study.enqueue({ lr: 0.1 });
  await study.enqueue({ lr: 0.01, quant: 'on', bits: null });
  const params: RunningTrial<unknown>['params'][] = [];
  for (let i = 0; i < 3; i++) {
    const trial = (await study.ask(suggest))!;
    await study.tell(trial, trial.point);
    params.push(trial.params);
  }
  assert.is(params[0].lr, 0.01);
  assert.is(params[0].bits, null);
  assert.is(params[1].lr, 0.1);
  assert.not([0.01, 0.1].includes(params[2].lr as number));
  await study.enqueue({ lr: 7 });
  await isRefused(study.ask(suggest), /enqueued value 7 of "lr" is not in its range/);
  assert.is(study.records[3].state, 'waiting');
});

test('with lag, there is no trial while a result that it must know is missing', async () => {
  const study = new Study({ lag: 3 });
  const trials = await Promise.all([0, 1, 2, 3].map(() => study.ask(suggest)));
  assert.equal(
    trials.map((t) => t?.number),
    [0, 1, 2, undefined],
  );
  await study.tell(trials[2]!, 1);
  assert.is(await study.ask(suggest), null);
  await study.tell(trials[0]!, 1);
  assert.is((await study.ask(suggest))!.number, 3);
});

test('a space sees the trials that it may know', async () => {
  const study = new Study({ lag: 3 });
  const known: number[][] = [];
  for (let i = 0; i < 7; i++) {
    const trial = (await study.ask((t) => known.push(t.known.map((r) => r.number))))!;
    await study.tell(trial, i, { state: i === 1 ? 'failed' : 'complete' });
  }
  assert.equal(known, [[], [], [], [0], [0], [0, 2], [0, 2, 3]]);
});

test('a trial that another took meanwhile is chosen anew', async () => {
  /** Another process begins and ends a trial just before this one begins its own. */
  class Crowded extends MemoryStore {
    override async begin(number: number, params: Parameters<MemoryStore['begin']>[1]): Promise<boolean> {
      if (number % 2 === 1) return super.begin(number, params);
      await super.begin(number, params);
      await super.end(number, { state: 'complete', values: [number], constraints: [], userAttrs: {} });
      return false;
    }
  }
  const study = new Study({ store: new Crowded() });
  for (let i = 0; i < 10; i++) {
    const trial = (await study.ask(suggest))!;
    assert.is(trial.number, 2 * i + 1);
    await study.tell(trial, trial.point);
  }
  assert.is(study.trials.filter((t) => t.state === 'complete').length, 20);
});

test('a value or constraint that is not a number makes a failed trial', async () => {
  const study = new Study();
  await study.tell((await study.ask(nothing))!, Number.NaN);
  await study.tell((await study.ask(nothing))!, 1, { constraints: [Number.NaN] });
  assert.equal(
    study.trials.map((t) => [t.state, t.value]),
    [
      ['failed', null],
      ['failed', null],
    ],
  );
});

test('every parameter of a trial keeps its value', async () => {
  await new Study().ask((trial) => {
    assert.is(trial.suggestFloat('x', 0, 1), trial.suggestFloat('x', 0, 1));
    assert.throws(() => trial.suggestFloat('x', 2, 3), /parameter "x" of trial 0 is/);
    assert.throws(() => trial.suggestCategorical('x', [1, 2]), /parameter "x" of trial 0 is/);
  });
});

test('without lag a trial knows all results, in any order', async () => {
  const run = async (order: readonly number[], losses: (i: number) => number) => {
    const study = new Study();
    for (let i = 0; i < 12; i++) await study.ask(suggest);
    for (const i of order) await study.tell(i, losses(i));
    await study.ask(suggest);
    return allParams(study);
  };
  const inOrder = Array.from({ length: 12 }, (_, i) => i);
  const shuffled = [...permutation(12, createRandom(0, 'test'))];
  const first = await run(inOrder, (i) => i);
  assert.is(await run(shuffled, (i) => i), first);
  assert.is.not(await run(inOrder, (i) => -i), first);
});

test.run();
