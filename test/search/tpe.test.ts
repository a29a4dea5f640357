import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { categories } from '../../src/search/distribution.ts';
import { Halving, Study, TpeSampler, type Trial } from '../../src/search/index.ts';
import { newRecord, type TrialRecord } from '../../src/search/record.ts';
import { splitTrials } from '../../src/search/split.ts';
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
  const names = (...trials: TrialRecord[]) => groups(trials).map((part) => part.map(([name]) => name));
  assert.equal(names(trial(0, 'b', 'a'), trial(1, 'a', 'b')), [['a', 'b']]);
  assert.equal(names(trial(0, 'a', 'b', 'c'), trial(1, 'a', 'd'), trial(2, 'd', 'a')), [['a'], ['b', 'c'], ['d']]);
  assert.equal(names(), []);
});

test('the split: complete by value, then pruned by progress, then infeasible by violation; running ones are above', () => {
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
    const view = {
      seed: 0,
      number: 200,
      directions: ['minimize'] as const,
      finished: [...finished, ...worse],
      running: [{ number: 7, params: new Map() }],
    };
    const { below, above } = splitTrials(view);
    assert.is(below.length, count);
    assert.ok(above.some((t) => t.number === 7));
    const added = below.map((t) => t.number).filter((n) => !order.includes(n));
    order.push(...added);
  }
  assert.equal(order, [4, 2, 5, 0, 3, 6, 1]);
});

test('at most 25 are good with one objective, a tenth with several', () => {
  const view = (directions: ('minimize' | 'maximize')[]) => ({
    seed: 0,
    number: 500,
    directions,
    running: [],
    finished: Array.from({ length: 400 }, (_, i) =>
      record(
        i,
        'complete',
        directions.map((_, k) => (k === 0 ? i : 400 - i)),
      ),
    ),
  });
  assert.is(splitTrials(view(['minimize'])).below.length, 25);
  assert.is(splitTrials(view(['minimize', 'minimize'])).below.length, 40);
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

test('halving: the best of four goes on, and NaN stops', async () => {
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
