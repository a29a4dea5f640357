import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRandom } from '../../src/random.ts';
import {
  EvolutionSampler,
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
import { allParams, feasible, runInOrder, suggest } from './space.ts';

const SAMPLERS: Record<string, () => Sampler> = {
  random: () => new RandomSampler(),
  sobol: () => new QuasiRandomSampler(),
  tpe: () => new TpeSampler(),
  'tpe, joint': () => new TpeSampler({ multivariate: true }),
  'tpe, one by one': () => new TpeSampler({ multivariate: false }),
  evolution: () => new EvolutionSampler({ populationSize: 10 }),
};

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

test.run();
