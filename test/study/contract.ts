/** What every storage must do, whoever implements it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EvolutionSampler, Halving, RandomSampler, type Sampler, type Study, TpeSampler } from '../../src/search/index.ts';
import { MemoryStorage, type OpenOptions, openStudy, type Storage } from '../../src/study/index.ts';
import { space } from './space.ts';

/** Makes a storage that can be opened again, as a later process would. */
export type MakeStorage = () => { readonly open: () => Storage };

const SAMPLERS: Record<string, () => Sampler> = {
  random: () => new RandomSampler(),
  tpe: () => new TpeSampler(),
  evolution: () => new EvolutionSampler({ populationSize: 5 }),
};

export async function step(study: Study): Promise<void> {
  const { number, point: value, report } = (await study.ask(space))!;
  const userAttrs = { sizes: { flashBytes: number, layers: ['a', null] } };
  if (number % 5 === 4) await study.tell(number, null, { state: 'failed', userAttrs });
  else if (number % 5 === 3) {
    await report(value, 2);
    await study.tell(number, null, { state: 'pruned', userAttrs });
  } else await study.tell(number, number === 7 ? Number.POSITIVE_INFINITY : value, { constraints: [0.1, -1e-7], userAttrs });
}

export async function isRefused(work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  const error = await work.then(
    () => assert.unreachable('nothing was refused'),
    (e: Error & { code?: string }) => e,
  );
  assert.is(error?.code, code);
  assert.match(error!.message, message);
}

const same = (a: Study, b: Study) => assert.equal(JSON.parse(JSON.stringify(a.trials)), JSON.parse(JSON.stringify(b.trials)));

export function storageContract(storageName: string, storage: MakeStorage): void {
  for (const [samplerName, sampler] of Object.entries(SAMPLERS)) {
    test(`${storageName}, ${samplerName}: what is read back is what was kept, and the study continues as if it had not stopped`, async () => {
      const whole = await openStudy({ storage: new MemoryStorage(), name: 's', lag: 1, sampler: sampler() });
      for (let i = 0; i < 20; i++) await step(whole);
      const { open } = storage();
      let study = await openStudy({ storage: open(), name: 's', lag: 1, sampler: sampler() });
      for (let i = 0; i < 20; i++) {
        await step(study);
        if (i % 7 !== 6) continue;
        const again = await openStudy({ storage: open(), name: 's', lag: 1, sampler: sampler(), resume: true });
        same(again, study);
        study = again;
      }
      same(study, whole);
    });
  }

  test(`${storageName}: a running trial is asked for again, with its number and its parameters`, async () => {
    const { open } = storage();
    const options = { name: 's', seed: 5, lag: 3 };
    const first = await openStudy({ ...options, storage: open() });
    const lost = await Promise.all([0, 1, 2].map(() => first.ask(space)));
    await first.tell(lost[1]!, 1);
    await first.close();
    const second = await openStudy({ ...options, storage: open(), resume: true });
    const again = [await second.ask(space), await second.ask(space)];
    assert.equal(
      again.map((t) => t!.number),
      [0, 2],
    );
    assert.equal(
      again.map((t) => t!.params),
      [lost[0]!.params, lost[2]!.params],
    );
    await second.tell(again[0]!, 1);
    await second.tell(again[1]!, 1);
    assert.is((await second.ask(space))!.number, 3);
  });

  test(`${storageName}: two studies in one storage, one of them maximised`, async () => {
    const { open } = storage();
    const a = await openStudy({ storage: open(), name: 'a' });
    await step(a);
    const b = await openStudy({ storage: open(), name: 'b', directions: ['maximize', 'minimize'] });
    await b.tell((await b.ask(space))!, [1, Number.NEGATIVE_INFINITY]);
    const again = await openStudy({ storage: open(), name: 'b', resume: true, directions: ['maximize', 'minimize'] });
    assert.equal(
      again.trials.map((t) => t.values),
      [[1, Number.NEGATIVE_INFINITY]],
    );
  });

  test(`${storageName}: enqueued trials wait in the storage and are not enqueued twice`, async () => {
    const { open } = storage();
    await (await openStudy({ storage: open(), name: 's' })).enqueue({ x: 0.25, kind: null });
    const study = await openStudy({ storage: open(), name: 's', resume: true });
    await study.enqueue({ x: 0.25, kind: null });
    assert.equal(
      study.trials.map((t) => t.state),
      ['waiting'],
    );
    assert.is((await study.ask(space))!.params.kind, null);
  });

  test(`${storageName}: another name, seed, setting or direction is refused`, async () => {
    const { open } = storage();
    const start = (more: Partial<OpenOptions>) => openStudy({ storage: open(), name: 's', ...more });
    await start({ seed: 3, settings: { target: 'm4' } });
    await isRefused(start({}), 'exists', /the study "s" already exists with 0 trials/);
    const again = (more: Partial<OpenOptions>) => start({ resume: true, seed: 3, settings: { target: 'm4' }, ...more });
    await isRefused(again({ seed: 0 }), 'bad-option', /was begun with seed 3, not 0/);
    await isRefused(again({ settings: { target: 'm7' } }), 'bad-option', /begun with target "m4", not "m7"/);
    await isRefused(again({ direction: 'maximize' }), 'bad-option', /begun with directions \["minimize"\], not \["maximize"\]/);
    const long = (end: string) => ({ name: 'long', settings: { recipe: `${'a'.repeat(100)}${end}` } });
    await start(long('b'));
    await isRefused(start({ ...long('c'), resume: true }), 'bad-option', /begun with recipe "a+\.\.\., not "a+\.\.\./);
    await again({});
  });

  test(`${storageName}: rungs decide after a restart as before`, async () => {
    const { open } = storage();
    const run = async (restart: boolean) => {
      const fresh = () => openStudy({ storage: restart ? open() : new MemoryStorage(), name: 's', lag: 2, resume: true });
      let study = await fresh();
      const stopped: boolean[] = [];
      for (let i = 0; i < 20; i++) {
        if (restart && i === 11) study = await fresh();
        const trial = (await study.ask(space))!;
        stopped.push(await new Halving(study).shouldStop(trial, 0, trial.point));
        await study.tell(trial, trial.point);
      }
      return stopped;
    };
    const decisions = await run(true);
    assert.equal(decisions, await run(false));
    assert.ok(decisions.includes(true) && decisions.includes(false));
  });
}
