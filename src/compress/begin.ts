/** What a compression is begun with: its parts are laid apart, its study is opened, and its pool made. */
import { type Dataset, inputsOf, planBatch } from '../data/index.ts';
import { distill } from '../distill/index.ts';
import { outsideExamples, outsideTeacher } from '../distill/outside.ts';
import { findTask } from '../evaluate.ts';
import { graphDigest } from '../graph/digest.ts';
import { stagesOf } from '../pipeline.ts';
import type { Study } from '../search/index.ts';
import type { Context, Model } from '../stage.ts';
import { type Artifacts, MemoryArtifacts, MemoryStorage, type Storage } from '../study/index.ts';
import { taskOptions } from '../task/index.ts';
import { checkTeacher } from '../train/hints.ts';
import { dataDigest } from '../train/identity.ts';
import { Heap } from '../wasm/heap.ts';
import type { Counter } from './emulated.ts';
import type { Before } from './front_end.ts';
import type { JobContext } from './job.ts';
import { Kept } from './kept.ts';
import { chipDigest, openSearch } from './open.ts';
import type { CompressOptions, Settings } from './options.ts';
import { type Parts, partsOf } from './parts.ts';
import { inlinePool, type Pool } from './pool.ts';
import { type Prepared, prepare } from './prepare.ts';
import { Search } from './search.ts';
import { checkCompress } from './settings.ts';
import { spaceOf } from './steps.ts';
import type { CompressProgress } from './tree.ts';

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

/** What a search works with, from the first trial on. */
export interface Begun {
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

export async function begin(original: Model, data: Dataset, options: CompressOptions, host: CompressHost): Promise<Begun> {
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
      host.before ? data.frontEnd!.name : null,
      given,
    );
  // What is refused leaves no study behind; one that is there is looked at first.
  const resumed = host.resume ? await open() : null;
  const begun = performance.now();
  const { teachers, unlabelled } = host;
  const context = { heap, data: seen, task, seed: settings.seed, original: model, signal: host.signal, teachers, unlabelled };
  await checkOutside(model, settings, context);
  const prepared = await prepare(model, context, { settings, target }, parts, host.tell ?? (() => {}));
  const { job } = prepared;
  const study = resumed ?? (await open());
  const kept = new Kept(host.artifacts ?? new MemoryArtifacts());
  const space = spaceOf(job.base, settings, task);
  const search = new Search({ goal: job.goal, space, examples: job.data.train!.count, study, kept, begun });
  const pool = await (host.pool ?? ((c) => inlinePool(c, host.signal)))(job);
  return { heap, begun, parts, prepared, study, kept, search, pool };
}

/** The study last: it says that what this process runs is left. */
export async function end({ pool, study }: Begun): Promise<void> {
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
