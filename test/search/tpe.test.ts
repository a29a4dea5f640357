import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRandom } from '../../src/random.ts';
import { categories } from '../../src/search/distribution.ts';
import { Halving, Study, TpeSampler, type Trial } from '../../src/search/index.ts';
import { newRecord, type TrialRecord } from '../../src/search/record.ts';
import { Ranking } from '../../src/search/split.ts';
import { groups } from '../../src/search/tpe.ts';

const nothing = () => null;

function record(
  number: number,
  state: TrialRecord['state'],
  values: number[] | null,
  more: Partial<TrialRecord> = {},
): TrialRecord {
  return Object.assign(newRecord(number, state), { values }, more);
}

test('parameters are grouped by the trials that have them', () => {
  const d = categories('x', ['a', 'b']);
  const trial = (number: number, ...names: string[]) =>
    record(number, 'complete', [1], { params: new Map(names.map((n) => [n, { internal: 0, distribution: d }])) });
  const names = (...trials: TrialRecord[]) => {
    const latest = new Map(trials.map((t) => [String([...t.params.keys()].sort()), t]));
    return groups(latest).map((part) => part.map(([name]) => name));
  };
  assert.equal(names(trial(0, 'b', 'a'), trial(1, 'a', 'b')), [['a', 'b']]);
  assert.equal(names(trial(0, 'a', 'b', 'c'), trial(1, 'a', 'd'), trial(2, 'd', 'a')), [['a'], ['b', 'c'], ['d']]);
  assert.equal(names(), []);
});

const numbers = (trials: readonly TrialRecord[]) => trials.map((t) => t.number);

function rankingOf(trials: readonly TrialRecord[], objectives = 1): Ranking {
  const ranking = new Ranking(Array(objectives).fill('minimize'));
  for (const t of trials) ranking.add(t);
  return ranking;
}

test('good are complete trials by value, then pruned ones by progress, then infeasible ones by violation', () => {
  const finished = [
    record(0, 'pruned', [5], { reports: new Map([[3, 5]]) }),
    record(1, 'complete', [9], { constraints: [0.5, 0.2] }),
    record(2, 'complete', [Number.POSITIVE_INFINITY]),
    record(3, 'pruned', [1], { reports: new Map([[2, 1]]) }),
    record(4, 'complete', [2]),
    record(5, 'pruned', [4], { reports: new Map([[3, 4]]) }),
    record(6, 'complete', [1], { constraints: [0.1] }),
  ];
  const order: number[] = [];
  for (let count = 1; count <= finished.length; count++) {
    // As many trials as make a tenth of `count`: the others, all worse, come after.
    const worse = Array.from({ length: 10 * count - finished.length }, (_, i) =>
      record(10 + i, 'complete', [0], { constraints: [99] }),
    );
    const { trials } = rankingOf([...finished, ...worse]).good();
    assert.is(trials.length, count);
    order.push(...numbers(trials).filter((n) => !order.includes(n)));
  }
  assert.equal(order, [4, 2, 5, 0, 3, 6, 1]);
});

test('at most 25 are good with one objective, 50 of a larger share with several', () => {
  const trials = (n: number, objectives: number) =>
    Array.from({ length: n }, (_, i) => {
      const values = [(i * 37) % n, n - ((i * 37) % n)];
      return record(i, 'complete', values.slice(0, objectives));
    });
  assert.is(rankingOf(trials(100, 1)).good().trials.length, 10);
  assert.is(rankingOf(trials(400, 1)).good().trials.length, 25);
  assert.is(rankingOf(trials(100, 2), 2).good().trials.length, 15);
  assert.is(rankingOf(trials(400, 2), 2).good().trials.length, 50);
  const best = trials(400, 1).sort((a, b) => a.values![0] - b.values![0]);
  assert.equal(
    numbers(rankingOf(trials(400, 1)).good().trials),
    numbers(best.slice(0, 25)).sort((a, b) => a - b),
  );
});

test('with several objectives a good trial weighs what it alone dominates', () => {
  const points = [
    [0, 8],
    [1, 1],
    [8, 0],
    [1.5, 0.5],
  ];
  const others = Array.from({ length: 22 }, (_, i) => record(4 + i, 'complete', [10 + i, 10 + i]));
  const { trials, weights } = rankingOf([...points.map((p, i) => record(i, 'complete', p)), ...others], 2).good();
  assert.equal(numbers(trials), [0, 1, 2, 3]);
  // The reference is (8.8, 8.8): alone they dominate 0.8, 3.5, 0.4 and 3.25.
  assert.equal(
    weights!.map((w) => Number((w * 3.5).toFixed(6))),
    [0.8, 3.5, 0.4, 3.25],
  );
});

test('the same is good however long ago it was, and with several objectives the front stays', () => {
  const random = createRandom(1, 'test/front');
  const front = Array.from({ length: 30 }, (_, i) => record(i, 'complete', [i, 29 - i]));
  const worse = Array.from({ length: 900 }, (_, i) =>
    record(30 + i, 'complete', [40 + 20 * random.uniform(), 40 + 20 * random.uniform()]),
  );
  const { trials } = rankingOf([...front, ...worse], 2).good();
  assert.equal(numbers(trials).slice(0, 30), numbers(front));
  assert.is(trials.length, 50);
});

test('a grid is not looked at twice while anything is new', async () => {
  const study = new Study();
  const seen = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const space = (t: Trial) => ({ a: t.suggestInt('a', 0, 19), b: t.suggestCategorical('b', ['x', 'y', 'z']) });
    const trial = (await study.ask(space))!;
    const { a, b } = trial.point;
    seen.add(`${a}${b}`);
    await study.tell(trial, Math.abs(a - 3) + (b === 'y' ? 0 : 1));
  }
  assert.ok(seen.size > 45, `${seen.size} different of 60`);
});

test('running trials push others away (constant liar)', async () => {
  const spread = async (tell: boolean) => {
    const study = new Study({ sampler: new TpeSampler(), seed: 4 });
    const next = async () => (await study.ask((t) => t.suggestFloat('x', 0, 1)))!;
    for (let i = 0; i < 30; i++) {
      const trial = await next();
      await study.tell(trial, (trial.point - 0.5) ** 2);
    }
    const xs: number[] = [];
    for (let i = 0; i < 30; i++) {
      const trial = await next();
      xs.push(trial.point);
      if (tell) await study.tell(trial, (trial.point - 0.5) ** 2);
    }
    return xs.reduce((sum, x) => sum + Math.abs(x - 0.5), 0);
  };
  assert.ok((await spread(false)) > 1.3 * (await spread(true)));
});

const ten = (t: Trial) => Array.from({ length: 10 }, (_, i) => t.suggestFloat(`x${i}`, -1, 1));

test('in many dimensions every third trial is a child of evolution, whoever ends first', async () => {
  const run = async (order: number[]) => {
    const study = new Study({ lag: 4 });
    for (let block = 0; block < 15; block++) {
      const trials = [];
      for (let i = 0; i < 4; i++) trials.push((await study.ask(ten))!);
      for (const i of order)
        await study.tell(
          trials[i],
          trials[i].point.reduce((sum, x) => sum + x * x, 0),
        );
    }
    return study.trials.map((t) => Object.values(t.params));
  };
  const trials = await run([0, 1, 2, 3]);
  assert.equal(await run([2, 3, 1, 0]), trials);
  // A child has most parameters from parents; other trials take over some from one good trial, or none.
  const before = (n: number) => new Set(trials.slice(0, n).flat());
  const inherited = (n: number) => trials[n].filter((x) => before(n).has(x)).length;
  for (let n = 24; n < 60; n += 3) assert.ok(inherited(n) >= 5, `trial ${n}: ${inherited(n)}`);
  const others = trials.flatMap((_, n) => (n >= 24 && n % 3 > 0 ? [inherited(n)] : []));
  assert.ok(others.some((count) => count === 0) && others.some((count) => count > 0), String(others));
});

test('halving: the best of four continues, and NaN stops', async () => {
  const study = new Study();
  const halving = new Halving(study);
  const stops: boolean[] = [];
  for (const value of [5, 6, 4, 7, 4.5, 3, Number.NaN, 3.5, 9, 3.2, 3.3])
    stops.push(await halving.shouldStop((await study.ask(nothing))!, 0, value));
  assert.equal(stops, [false, true, false, true, true, false, true, true, true, false, true]);
  assert.throws(() => new Halving(study, { factor: 1 }), /halving factor 1/);
});

test('halving with lag looks at the same trials whoever ends first', async () => {
  const run = async (order: number[]) => {
    const study = new Study({ lag: 4, direction: 'maximize' });
    const halving = new Halving(study, { factor: 2 });
    const values = [1, 4, 2, 3, 6, 2, 5, 1];
    const decisions: boolean[] = [];
    for (const block of [order, order.map((i) => i + 4)]) {
      const trials = await Promise.all(block.map(() => study.ask(nothing)));
      for (const number of block) {
        const trial = trials[number % 4]!;
        decisions[number] = await halving.shouldStop(trial, 1, values[number]);
        await study.tell(trial, values[number]);
      }
    }
    return decisions;
  };
  const first = await run([0, 1, 2, 3]);
  assert.equal(await run([3, 1, 0, 2]), first);
  assert.equal(first.slice(0, 4), [false, false, false, false]);
});

test.run();
