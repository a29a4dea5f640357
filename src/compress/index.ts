import { type Dataset, inputsOf, planBatch } from '../data/index.ts';
import { distill } from '../distill/index.ts';
import { outsideExamples, outsideTeacher } from '../distill/outside.ts';
import { CompressError } from '../errors.ts';
import { findTask } from '../evaluate.ts';
import { graphDigest } from '../graph/digest.ts';
import { stagesOf } from '../pipeline.ts';
import type { Study } from '../search/index.ts';
import type { Context, Model } from '../stage.ts';
import { type Artifacts, MemoryArtifacts, MemoryStorage, type Storage } from '../study/index.ts';
import { checkTeacher } from '../train/hints.ts';
import { dataDigest } from '../train/identity.ts';
import { Heap } from '../wasm/heap.ts';
import { LastCheck } from './check.ts';
import { choose } from './choice.ts';
import { type Counter, Emulated } from './emulated.ts';
import type { Before } from './front_end.ts';
import type { JobContext } from './job.ts';
import { Kept } from './kept.ts';
import { chipDigest, openSearch } from './open.ts';
import type { CompressOptions, Settings } from './options.ts';
import { type Parts, partsOf } from './parts.ts';
import { inlinePool, type Pool } from './pool.ts';
import { type Prepared, prepare } from './prepare.ts';
import { type CompressResult, finish } from './result.ts';
import { Search } from './search.ts';
import { checkCompress, taskOptions } from './settings.ts';
import { spaceOf } from './steps.ts';
import type { CompressProgress, TrialReport } from './tree.ts';

export type { CheckReport } from './check.ts';
export type { Counter, CountReport } from './emulated.ts';
export { type Figures, figuresOf } from './figures.ts';
export { type Before, chooseFrontEnd, type FrontEndChoice, type FrontEndTrial, type Rebuilt, rebuiltFor } from './front_end.ts';
export type { JobContext } from './job.ts';
export type { Goal } from './judge.ts';
export { type CompressOptions, EVALUATIONS, OBJECTIVE } from './options.ts';
export { inlinePool, nodePool, type Pool, webPool } from './pool.ts';
export type { CompressResult } from './result.ts';
export { registerSampler, SAMPLERS } from './samplers.ts';
export { checkCompress } from './settings.ts';
export { bestOf, type CompressProgress, isEnded, reportOf, type TrialReport } from './tree.ts';

/** Where and by whom the work is done; everything has a default that works in memory and in this thread. */
export interface CompressHost {
  /** Makes the pool that runs the trials: `nodePool`, `webPool`, or `inlinePool` by default. The resulting bytes do not depend on its size. */
  readonly pool?: (context: JobContext) => Promise<Pool> | Pool;
  /** Where the study is kept, and what it is called there: `compress` by default. */
  readonly storage?: Storage;
  readonly name?: string;
  /** The models of trials. */
  readonly artifacts?: Artifacts;
  /** Called with each line that is known before the first trial. */
  readonly tell?: (line: string) => void;
  /** Whether to continue a study that `storage` holds. */
  readonly resume?: boolean;
  /** Counts instructions on an emulated core; `evaluate: 'emulator'` needs it. */
  readonly count?: Counter;
  readonly progress?: (p: CompressProgress) => void;
  readonly signal?: AbortSignal;
  /** What `chooseFrontEnd` began with: results are compared with that. */
  readonly before?: Before | null;
  /** The networks and examples that options and a recipe name. */
  readonly teachers?: readonly Model[];
  readonly unlabelled?: readonly Dataset[];
}

/**
 * Fits `model` into a chip: searches over paths of pruning, quantization and distillation, each step on the weights the one before has left,
 * and yields each trial as it ends; the generator's return value is the result. The search sees train and validation; the test part is used
 * once, at the end.
 *
 * @param original of any task; its quality, by the task's metric, is what must be kept
 * @param data  with train, validation and test parts that have what the task needs
 * @throws CompressError `unknown-target`; `bad-data` where a part or its labels are missing, or the model answers by chance; `shape-mismatch`
 *   where an example is not the model's input; `bad-option` for options that cannot be, a task that must be stated, a goal that nothing can
 *   reach, or a study in `host.storage` that began with others; `does-not-fit` for limits below what is fixed
 * @throws the signal's reason, once `host.signal` is aborted
 */
export async function* compress(
  original: Model,
  data: Dataset,
  options: CompressOptions,
  host: CompressHost = {},
): AsyncGenerator<TrialReport, CompressResult> {
  const { settings } = checkCompress(original, data, options);
  if (settings.evaluate === 'emulator' && !host.count) {
    throw new CompressError(
      'bad-option',
      'evaluate is "emulator", and nothing here counts instructions',
      'give host.count, or leave evaluate away: emulators run under Node only',
    );
  }
  const work = await begin(original, data, options, host);
  const { heap, begun, parts, prepared, study, kept, search, pool } = work;
  const { job, plain } = prepared;
  const { goal } = job;
  try {
    yield* search.run(pool, host.progress, host.signal);
    const isLate = performance.now() >= begun + (settings.timeMs ?? Number.POSITIVE_INFINITY);
    const check = parts.check || (parts.folds && !isLate) ? new LastCheck(heap, job, parts, pool) : null;
    const tell = (p: CompressProgress['running'][number]) => host.progress?.({ ...search.progress(), running: [p] });
    const emulated = settings.evaluate === 'emulator' ? new Emulated(host.count!, goal) : null;
    const chosen = await choose({ records: study.records, plain, goal, kept }, { check, emulated }, tell, host.signal);
    const unchecked = check ? null : (parts.unchecked ?? 'the time was over');
    const counted = emulated?.reports ?? [];
    const before = host.before ?? null;
    return finish({ heap, data, parts, prepared, before, search, study, ...chosen, check, counted, unchecked });
  } finally {
    await end(work);
  }
}

/**
 * Takes trials of a compression that another process began with the same model, data and options, until none is left; yields each trial that
 * ends, whoever ran it. The bytes that come out do not depend on who takes them.
 *
 * @returns whether the study is over: no trial is left, and the time allowed has not ended it before
 * @throws as `compress`
 */
export async function* takeTrials(
  original: Model,
  data: Dataset,
  options: CompressOptions,
  host: CompressHost & Required<Pick<CompressHost, 'storage' | 'artifacts'>>,
): AsyncGenerator<TrialReport, boolean> {
  const work = await begin(original, data, options, { ...host, resume: true });
  try {
    yield* work.search.run(work.pool, host.progress, host.signal);
    return !work.search.endedByClock;
  } finally {
    await end(work);
  }
}

/** What a search works with, from the first trial on. */
interface Begun {
  readonly heap: Heap;
  /** When the work began, ms. */
  readonly begun: number;
  readonly parts: Parts;
  readonly prepared: Prepared;
  readonly study: Study;
  readonly kept: Kept;
  readonly search: Search;
  readonly pool: Pool;
}

async function begin(original: Model, data: Dataset, options: CompressOptions, host: CompressHost): Promise<Begun> {
  const { settings, target } = checkCompress(original, data, options);
  const model = settings.io ? { ...original, facts: { ...original.facts, io: settings.io } } : original;
  const heap = await Heap.open();
  const task = findTask(heap, model.graph, data, taskOptions(settings));
  const parts = partsOf(heap, model, data, task, settings.seed);
  const { seen } = parts;
  const given = { model: await graphDigest(model.graph), data: await dataDigest(seen), chip: await chipDigest(target) };
  const open = () =>
    openSearch(
      { storage: host.storage ?? new MemoryStorage(), name: host.name ?? 'compress', resume: host.resume ?? false },
      { ...settings, target: target.name, clockMhz: settings.clockMhz ?? target.clockMhz },
      given,
    );
  // What is refused leaves no study behind; one that is there is looked at first.
  const resumed = host.resume ? await open() : null;
  const begun = performance.now();
  const { teachers, unlabelled } = host;
  const context = { heap, data: seen, task, seed: settings.seed, original: model, signal: host.signal, teachers, unlabelled };
  await checkOutside(model, settings, context);
  const prepared = await prepare(model, context, target, settings, host.tell ?? (() => {}));
  const { job } = prepared;
  const study = resumed ?? (await open());
  const kept = new Kept(host.artifacts ?? new MemoryArtifacts());
  const search = new Search({ goal: job.goal, space: spaceOf(job.base, settings, task), study, kept, begun });
  const pool = await (host.pool ?? ((c) => inlinePool(c, host.signal)))(job);
  return { heap, begun, parts, prepared, study, kept, search, pool };
}

/** The study last: it says that what this process runs is left. */
async function end({ pool, study }: Begun): Promise<void> {
  await pool.close();
  await study.close();
}

/** @throws CompressError for a teacher or examples that are not there, or of another task or shape */
async function checkOutside(model: Model, { teacher, unlabelled, recipe = [] }: Settings, context: Context): Promise<void> {
  const stages = [distill({ ...(teacher && { teacher }), ...(unlabelled && { unlabelled }) }), ...stagesOf({ stages: recipe })];
  for (const stage of stages) await stage.check(context);
  if (unlabelled) planBatch(await outsideExamples(unlabelled, context.unlabelled), inputsOf(model.graph));
  if (teacher) checkTeacher(model.graph, (await outsideTeacher(teacher, context.teachers)).graph);
}
