import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRandom, permutation } from '../../src/random.ts';
import {
  EvolutionSampler,
  RandomSampler,
  type Sampler,
  Study,
  type StudyOptions,
  TpeSampler,
  type Trial,
} from '../../src/search/index.ts';

const SAMPLERS: Record<string, () => Sampler> = {
  random: () => new RandomSampler(),
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

function runInOrder(options: StudyOptions, trials: number): Study {
  const study = new Study(options);
  for (let i = 0; i < trials; i++) {
    const trial = study.ask();
    const loss = suggest(trial);
    const several = options.directions && options.directions.length > 1;
    study.tell(trial, several ? [loss, -loss * trial.number] : loss, { constraints: [0.2 - (trial.params.ratio as number)] });
  }
  return study;
}

/** Runs up to `workers` trials at once, which end in random order. */
function runInParallel(options: StudyOptions, trials: number, workers: number, order: number): Study {
  const study = new Study(options);
  const random = createRandom(order, 'test/finish');
  const running: { trial: Trial; loss: number }[] = [];
  for (let asked = 0; asked < trials || running.length > 0; ) {
    if (asked < trials && running.length < workers && study.ready) {
      const trial = study.ask();
      running.push({ trial, loss: suggest(trial) });
      asked++;
    } else {
      const [{ trial, loss }] = running.splice(random.below(running.length), 1);
      study.tell(trial, loss);
    }
  }
  return study;
}

for (const [name, sampler] of Object.entries(SAMPLERS)) {
  test(`${name}: every value lies in its range and on its grid`, () => {
    const study = runInOrder({ sampler: sampler() }, 60);
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

  test(`${name}: every value of a small range is found`, () => {
    const study = new Study({ sampler: sampler() });
    const seen = new Set<unknown>();
    for (let i = 0; i < 80; i++) {
      const trial = study.ask();
      seen
        .add(trial.suggestInt('i', -1, 1))
        .add(trial.suggestCategorical('c', ['a', 'b', 'c']))
        .add(trial.suggestFloat('f', 10, 11, { step: 0.5 }));
      study.tell(trial, 1);
    }
    assert.equal(new Set([-1, 0, 1, 'a', 'b', 'c', 10, 10.5, 11]), seen);
  });

  test(`${name}: the same seed gives the same trials, another seed others`, () => {
    const run = (seed: number) => allParams(runInOrder({ sampler: sampler(), seed }, 40));
    assert.is(run(1), run(1));
    assert.is.not(run(1), run(2));
  });

  test(`${name}: neither workers nor their order of finishing change a trial`, () => {
    const run = (workers: number, order: number) => allParams(runInParallel({ sampler: sampler(), lag: 8 }, 60, workers, order));
    const one = run(1, 0);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(1000), (workers, order) => run(workers, order) === one),
      { numRuns: 12 },
    );
  });

  test(`${name}: a study rebuilt from its records goes on as if it had not stopped`, () => {
    const whole = runInOrder({ sampler: sampler(), lag: 4 }, 40);
    const half = runInOrder({ sampler: sampler(), lag: 4 }, 25);
    const study = new Study({ sampler: sampler(), lag: 4, records: half.records });
    for (let i = 25; i < 40; i++) {
      const trial = study.ask();
      study.tell(trial, suggest(trial), { constraints: [0.2 - (trial.params.ratio as number)] });
    }
    assert.is(allParams(study), allParams(whole));
  });

  test(`${name}: several objectives, failures and pruned trials`, () => {
    const study = runInOrder({ sampler: sampler(), directions: ['minimize', 'maximize'] }, 40);
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
      const trial = other.ask();
      const loss = suggest(trial);
      if (i % 3 === 0) other.tell(trial, null, { state: 'failed' });
      else if (i % 3 === 1) {
        trial.report(loss, 1);
        other.tell(trial, null, { state: 'pruned' });
      } else other.tell(trial, i === 2 ? Number.POSITIVE_INFINITY : loss);
    }
    assert.is(other.trials.filter((t) => t.state === 'pruned' && t.value !== null).length, 13);
    assert.is(other.best!.state, 'complete');
  });
}

test('a maximised study and its mirror image choose the same', () => {
  const run = (direction: 'minimize' | 'maximize', sign: number) => {
    const study = new Study({ direction });
    for (let i = 0; i < 30; i++) {
      const trial = study.ask();
      study.tell(trial, sign * suggest(trial));
    }
    assert.is(study.best!.value, sign * Math.min(...study.trials.map((t) => sign * t.value!)));
    return allParams(study);
  };
  assert.is(run('minimize', 1), run('maximize', -1));
});

test('best is feasible, and the earliest of equals', () => {
  const study = new Study();
  const tell = (value: number, constraint: number) => study.tell(study.ask(), value, { constraints: [constraint] });
  assert.is(study.best, null);
  tell(1, 0.5);
  assert.is(study.best, null);
  tell(3, -1);
  tell(2, 0);
  tell(2, 0);
  assert.is(study.best!.number, 2);
  assert.equal(
    study.paretoFront.map((t) => t.number),
    [2, 3],
  );
});

test('enqueued values come first, once, and the rest is sampled', () => {
  const study = new Study();
  study.enqueue({ lr: 0.01, quant: 'on', bits: null });
  study.enqueue({ lr: 0.1 });
  study.enqueue({ lr: 0.01, quant: 'on', bits: null });
  const trials = [0, 1, 2].map(() => {
    const trial = study.ask();
    study.tell(trial, suggest(trial));
    return trial.params;
  });
  assert.is(trials[0].lr, 0.01);
  assert.is(trials[0].bits, null);
  assert.is(trials[1].lr, 0.1);
  assert.not([0.01, 0.1].includes(trials[2].lr as number));
  study.enqueue({ lr: 7 });
  assert.throws(() => suggest(study.ask()), /enqueued value 7 of "lr" is not in its range/);
});

test('with lag, what a trial suggests is asked for before the next trial starts', () => {
  const study = new Study({ lag: 2 });
  const trials = [study.ask(), study.ask()];
  assert.throws(() => suggest(trials[0]), /parameter "lr" of trial 0 is asked for after trial 1 was started/);
  suggest(trials[1]);
});

test('with lag, ask waits for what it must know', () => {
  const study = new Study({ lag: 3 });
  const trials = [study.ask(), study.ask(), study.ask()];
  assert.not(study.ready);
  assert.throws(() => study.ask(), /trial 3 needs the result of trial 0/);
  study.tell(trials[2], 1);
  assert.not(study.ready);
  study.tell(trials[0], 1);
  assert.ok(study.ready);
});

test('a value or constraint that is not a number makes a failed trial', () => {
  const study = new Study();
  study.tell(study.ask(), Number.NaN);
  study.tell(study.ask(), 1, { constraints: [Number.NaN] });
  assert.equal(
    study.trials.map((t) => [t.state, t.value]),
    [
      ['failed', null],
      ['failed', null],
    ],
  );
});

test('every parameter of a trial keeps its value', () => {
  const trial = new Study().ask();
  assert.is(trial.suggestFloat('x', 0, 1), trial.suggestFloat('x', 0, 1));
  assert.throws(() => trial.suggestFloat('x', 2, 3), /parameter "x" of trial 0 is/);
  assert.throws(() => trial.suggestCategorical('x', [1, 2]), /parameter "x" of trial 0 is/);
});

const refused: [string, RegExp, () => unknown][] = [
  ['low above high', /low 2 is above high 1/, () => new Study().ask().suggestFloat('x', 2, 1)],
  ['infinite range', /not finite/, () => new Study().ask().suggestFloat('x', 0, Number.POSITIVE_INFINITY)],
  ['log of 0', /no place on a log scale/, () => new Study().ask().suggestFloat('x', 0, 1, { log: true })],
  ['log and step', /exclude each other/, () => new Study().ask().suggestFloat('x', 1, 2, { log: true, step: 0.5 })],
  ['step 0', /step 0 is not above 0/, () => new Study().ask().suggestFloat('x', 1, 2, { step: 0 })],
  ['broken integer', /not all integers/, () => new Study().ask().suggestInt('x', 0.5, 2)],
  ['no choices', /nothing to choose/, () => new Study().ask().suggestCategorical('x', [])],
  ['a choice twice', /given twice/, () => new Study().ask().suggestCategorical('x', ['a', 'a'])],
  ['no directions', /directions are/, () => new Study({ directions: [] })],
  ['bad seed', /seed -1/, () => new Study({ seed: -1 })],
  ['bad lag', /lag 0/, () => new Study({ lag: 0 })],
  ['bad population', /populationSize 1/, () => new EvolutionSampler({ populationSize: 1 })],
  [
    'wrong number of values',
    /told 2 values \[1,2\], but the study has 1 objective/,
    () => {
      const study = new Study();
      study.tell(study.ask(), [1, 2]);
    },
  ],
  [
    'no value',
    /told no value/,
    () => {
      const study = new Study();
      study.tell(study.ask());
    },
  ],
  [
    'telling twice',
    /trial 0 is complete, not running/,
    () => {
      const study = new Study();
      const trial = study.ask();
      study.tell(trial, 1);
      study.tell(trial, 1);
    },
  ],
  ['telling what was not asked', /trial 5 is unknown/, () => new Study().tell(5, 1)],
  [
    'suggesting after tell',
    /after trial 0 was told/,
    () => {
      const study = new Study();
      const trial = study.ask();
      study.tell(trial, 1);
      trial.suggestInt('x', 0, 1);
    },
  ],
  [
    'changed choices',
    /was \["a","b"\] before and is \["a","c"\] now/,
    () => {
      const study = new Study();
      study.ask().suggestCategorical('x', ['a', 'b']);
      study.ask().suggestCategorical('x', ['a', 'c']);
    },
  ],
  [
    'changed kind',
    /was log float before and is int now/,
    () => {
      const study = new Study();
      study.ask().suggestFloat('x', 1, 2, { log: true });
      study.ask().suggestInt('x', 1, 2);
    },
  ],
  ['best of several objectives', /no single trial is best/, () => new Study({ directions: ['minimize', 'minimize'] }).best],
];
for (const [name, message, act] of refused) {
  test(`refused: ${name}`, () => {
    assert.throws(
      act,
      (error: Error & { code?: string }) =>
        error.code === 'bad-option' && message.test(error.message) && /fix: /.test(error.message),
    );
  });
}

test('without lag a trial knows all that was told, in whatever order', () => {
  const run = (order: readonly number[], losses: (i: number) => number) => {
    const study = new Study();
    const trials = Array.from({ length: 12 }, () => study.ask());
    for (const trial of trials) suggest(trial);
    for (const i of order) study.tell(trials[i], losses(i));
    suggest(study.ask());
    return allParams(study);
  };
  const inOrder = Array.from({ length: 12 }, (_, i) => i);
  const shuffled = [...permutation(12, createRandom(0, 'test'))];
  assert.is(
    run(shuffled, (i) => i),
    run(inOrder, (i) => i),
  );
  assert.is.not(
    run(inOrder, (i) => -i),
    run(inOrder, (i) => i),
  );
});

test.run();
