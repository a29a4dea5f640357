import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRandom, permutation } from '../../src/random.ts';
import {
  EvolutionSampler,
  Halving,
  MemoryStore,
  QuasiRandomSampler,
  RandomSampler,
  type RunningTrial,
  type Sampler,
  Study,
  type StudyOptions,
  TpeSampler,
  type Trial,
} from '../../src/search/index.ts';

const SAMPLERS: Record<string, () => Sampler> = {
  random: () => new RandomSampler(),
  sobol: () => new QuasiRandomSampler(),
  tpe: () => new TpeSampler(),
  'tpe, joint': () => new TpeSampler({ multivariate: true }),
  'tpe, one by one': () => new TpeSampler({ multivariate: false }),
  evolution: () => new EvolutionSampler({ populationSize: 10 }),
};

/** A space of every kind of parameter, some of them conditional. */
function suggest(trial: Trial): number {
  const lr = trial.suggestFloat('lr', 1e-5, 1, { log: true });
  const width = trial.suggestInt('width', 8, 512, { log: true });
  const ratio = trial.suggestFloat('ratio', 0, 0.9, { step: 0.15 });
  const epochs = trial.suggestInt('epochs', 1, 9, { step: 2 });
  trial.suggestInt('only', 3, 3);
  let loss = Math.abs(Math.log10(lr) + 2) + Math.abs(ratio - 0.6) + Math.abs(Math.log2(width) - 6) / 4 + epochs / 20;
  if (trial.suggestCategorical('quant', ['off', 'on']) === 'on') {
    const bits = trial.suggestCategorical('bits', [2, 4, 8, null]);
    loss += bits === 4 ? -1 : 0;
    if (bits !== null) loss += trial.suggestFloat('range', -1, 1) ** 2;
  }
  return loss;
}

const allParams = (study: Study) => JSON.stringify(study.trials.map((t) => t.params));

const feasible = (params: RunningTrial<unknown>['params']) => [0.2 - (params.ratio as number)];

async function runInOrder(options: StudyOptions, trials: number): Promise<Study> {
  const study = new Study(options);
  for (let i = 0; i < trials; i++) {
    const { number, point: loss, params } = (await study.ask(suggest))!;
    const several = options.directions && options.directions.length > 1;
    await study.tell(number, several ? [loss, -loss * number] : loss, { constraints: feasible(params) });
  }
  return study;
}

/** Runs up to `workers` trials at once, which end in random order. */
async function runInParallel(options: StudyOptions, trials: number, workers: number, order: number): Promise<Study> {
  const study = new Study(options);
  const random = createRandom(order, 'test/finish');
  const running: RunningTrial<number>[] = [];
  for (let asked = 0; asked < trials || running.length > 0; ) {
    const next = asked < trials && running.length < workers ? await study.ask(suggest) : null;
    if (next) {
      running.push(next);
      asked++;
    } else {
      const [trial] = running.splice(random.below(running.length), 1);
      await study.tell(trial, trial.point);
    }
  }
  return study;
}

for (const [name, sampler] of Object.entries(SAMPLERS)) {
  test(`${name}: every value lies in its range and on its grid`, async () => {
    const study = await runInOrder({ sampler: sampler() }, 60);
    for (const { params: p } of study.trials) {
      const grid = (x: unknown, low: number, step: number) =>
        Math.abs(((x as number) - low) / step - Math.round(((x as number) - low) / step)) < 1e-9;
      assert.ok((p.lr as number) >= 1e-5 && (p.lr as number) <= 1);
      assert.ok(Number.isInteger(p.width) && (p.width as number) >= 8 && (p.width as number) <= 512);
      assert.ok(grid(p.ratio, 0, 0.15) && (p.ratio as number) <= 0.9);
      assert.ok(grid(p.epochs, 1, 2) && (p.epochs as number) <= 9);
      assert.is(p.only, 3);
      assert.is('bits' in p, p.quant === 'on');
      assert.is('range' in p, p.quant === 'on' && p.bits !== null);
    }
  });

  test(`${name}: every value of a small range is found`, async () => {
    const study = new Study({ sampler: sampler() });
    const seen = new Set<unknown>();
    for (let i = 0; i < 80; i++) {
      const space = (t: Trial) => [
        t.suggestInt('i', -1, 1),
        t.suggestCategorical('c', ['a', 'b', 'c']),
        t.suggestFloat('f', 10, 11, { step: 0.5 }),
      ];
      const trial = (await study.ask(space))!;
      for (const value of trial.point) seen.add(value);
      await study.tell(trial, 1);
    }
    assert.equal(new Set([-1, 0, 1, 'a', 'b', 'c', 10, 10.5, 11]), seen);
  });

  test(`${name}: the same seed gives the same trials, another seed others`, async () => {
    const run = async (seed: number) => allParams(await runInOrder({ sampler: sampler(), seed }, 40));
    const first = await run(1);
    assert.is(await run(1), first);
    assert.is.not(await run(2), first);
  });

  test(`${name}: neither workers nor their order of finishing change a trial`, async () => {
    const run = async (workers: number, order: number) =>
      allParams(await runInParallel({ sampler: sampler(), lag: 8 }, 60, workers, order));
    const one = await run(1, 0);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.nat(1000),
        async (workers, order) => (await run(workers, order)) === one,
      ),
      { numRuns: 12 },
    );
  });

  test(`${name}: a study rebuilt from its records continues as if it had not stopped`, async () => {
    const whole = await runInOrder({ sampler: sampler(), lag: 4 }, 40);
    const half = await runInOrder({ sampler: sampler(), lag: 4 }, 25);
    const study = new Study({ sampler: sampler(), lag: 4, store: new MemoryStore(half.records) });
    for (let i = 25; i < 40; i++) {
      const trial = (await study.ask(suggest))!;
      await study.tell(trial, trial.point, { constraints: feasible(trial.params) });
    }
    assert.is(allParams(study), allParams(whole));
  });

  test(`${name}: several objectives, failures and pruned trials`, async () => {
    const study = await runInOrder({ sampler: sampler(), directions: ['minimize', 'maximize'] }, 40);
    const front = study.paretoFront;
    assert.ok(front.length > 0);
    for (const a of front) {
      const beaten = study.trials.some(
        (b) => b.constraints[0] <= 0 && b.values![0] < a.values![0] && b.values![1] > a.values![1],
      );
      assert.not(beaten);
    }
    const other = new Study({ sampler: sampler() });
    for (let i = 0; i < 40; i++) {
      const trial = (await other.ask(suggest))!;
      if (i % 3 === 0) await other.tell(trial, null, { state: 'failed' });
      else if (i % 3 === 1) {
        await trial.report(trial.point, 1);
        await other.tell(trial, null, { state: 'pruned' });
      } else await other.tell(trial, i === 2 ? Number.POSITIVE_INFINITY : trial.point);
    }
    assert.is(other.trials.filter((t) => t.state === 'pruned' && t.value !== null).length, 13);
    assert.is(other.best!.state, 'complete');
  });
}

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

const nothing = () => null;

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

async function isRefused(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await work.then(
    () => assert.unreachable('nothing was refused'),
    (e: Error & { code?: string }) => e,
  );
  assert.is(error?.code, 'bad-option');
  assert.match(error!.message, message);
  assert.match(error!.message, /fix: /);
}

const ask = (space: (trial: Trial) => unknown) => new Study().ask(space);
const refused: [string, RegExp, () => unknown][] = [
  ['low above high', /low 2 is above high 1/, () => ask((t) => t.suggestFloat('x', 2, 1))],
  ['infinite range', /not finite/, () => ask((t) => t.suggestFloat('x', 0, Number.POSITIVE_INFINITY))],
  ['log of 0', /no place on a log scale/, () => ask((t) => t.suggestFloat('x', 0, 1, { log: true }))],
  ['log and step', /exclude each other/, () => ask((t) => t.suggestFloat('x', 1, 2, { log: true, step: 0.5 }))],
  ['step 0', /step 0 is not above 0/, () => ask((t) => t.suggestFloat('x', 1, 2, { step: 0 }))],
  ['broken integer', /not all integers/, () => ask((t) => t.suggestInt('x', 0.5, 2))],
  ['no choices', /nothing to choose/, () => ask((t) => t.suggestCategorical('x', []))],
  ['a choice twice', /given twice/, () => ask((t) => t.suggestCategorical('x', ['a', 'a']))],
  ['no directions', /directions are/, () => new Study({ directions: [] })],
  ['bad seed', /seed -1/, () => new Study({ seed: -1 })],
  ['bad lag', /lag 0/, () => new Study({ lag: 0 })],
  ['bad population', /populationSize 1/, () => new EvolutionSampler({ populationSize: 1 })],
  ['bad startup', /startup 0/, () => new TpeSampler({ startup: 0 })],
  ['an option that is none', /TpeSampler has no option "populationSize"/, () => new TpeSampler({ populationSize: 9 } as object)],
  ['an option that is none', /EvolutionSampler has no option "startup"/, () => new EvolutionSampler({ startup: 9 } as object)],
  ['an option that is none', /Halving has no option "rungs"/, () => new Halving(new Study(), { rungs: 9 } as object)],
  [
    'wrong number of values',
    /got 2 values \[1,2\], but the study has 1 objective/,
    async () => {
      const study = new Study();
      await study.tell((await study.ask(nothing))!, [1, 2]);
    },
  ],
  [
    'no value',
    /got no value/,
    async () => {
      const study = new Study();
      await study.tell((await study.ask(nothing))!);
    },
  ],
  [
    'telling twice',
    /trial 0 is complete, not running/,
    async () => {
      const study = new Study();
      const trial = (await study.ask(nothing))!;
      await study.tell(trial, 1);
      await study.tell(trial, 1);
    },
  ],
  ['telling what was not asked', /trial 5 is unknown/, () => new Study().tell(5, 1)],
  [
    'reporting after tell',
    /trial 0 is complete, not running/,
    async () => {
      const study = new Study();
      const trial = (await study.ask(nothing))!;
      await study.tell(trial, 1);
      await trial.report(1, 1);
    },
  ],
  [
    'suggesting after ask',
    /parameter "x" of trial 0 is asked for after the trial began/,
    async () => {
      const trial = (await new Study().ask((t) => t))!;
      trial.point.suggestInt('x', 0, 1);
    },
  ],
  [
    'changed choices',
    /was \["a","b"\] before and is \["a","c"\] now/,
    async () => {
      const study = new Study();
      await study.ask((t) => t.suggestCategorical('x', ['a', 'b']));
      await study.ask((t) => t.suggestCategorical('x', ['a', 'c']));
    },
  ],
  [
    'changed kind',
    /was log float before and is int now/,
    async () => {
      const study = new Study();
      await study.ask((t) => t.suggestFloat('x', 1, 2, { log: true }));
      await study.ask((t) => t.suggestInt('x', 1, 2));
    },
  ],
  ['best of several objectives', /no single trial is best/, () => new Study({ directions: ['minimize', 'minimize'] }).best],
];
for (const [name, message, act] of refused) {
  test(`refused: ${name}`, () => isRefused(new Promise((done) => done(act())), message));
}

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
