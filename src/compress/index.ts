import {
  type Dataset,
  inputsOf,
  needPart,
  type Part,
  planBatch,
  splitStratified,
  takeExamples,
  withValidationOf,
} from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { findTask, judge } from '../evaluate.ts';
import { exportTflite, importTflite } from '../formats/tflite/index.ts';
import { graphDigest } from '../graph/digest.ts';
import { findTarget, type Target } from '../mcu/index.ts';
import { asStored, betweenEdges } from '../model.ts';
import { outlineOf, type Recipe, runPipeline } from '../pipeline.ts';
import { prune } from '../prune/index.ts';
import { quantize } from '../quant/index.ts';
import { type SimplifyReport, simplify, simplifyGraph } from '../simplify/index.ts';
import type { Context, Model } from '../stage.ts';
import { type Artifacts, MemoryArtifacts, MemoryStorage, type Storage } from '../study/index.ts';
import { recognizeTask, rulesOf, type Task } from '../task/index.ts';
import { dataDigest } from '../train/identity.ts';
import { Heap } from '../wasm/heap.ts';
import type { JobContext } from './arm.ts';
import { chanceOfLosses, type Figures, figuresOf, fits, goalOf, limitsOf, smallestLoss, unmet } from './judge.ts';
import { type CompressOptions, checkSettings, dropOf, type Settings } from './options.ts';
import { inlinePool, type Pool } from './pool.ts';
import { openSearch, Search } from './search.ts';
import { spaceOf } from './steps.ts';
import type { CompressProgress, TrialReport } from './tree.ts';

export { type Figures, figuresOf } from './judge.ts';
export { type CompressOptions, OBJECTIVE } from './options.ts';
export { inlinePool, nodePool, type Pool } from './pool.ts';
export { registerSampler, SAMPLERS } from './samplers.ts';
export type { CompressProgress, TrialReport } from './tree.ts';

/** Where and by whom the work is done; everything has a default that works in memory and in this thread. */
export interface CompressHost {
  /** Makes the pool that runs the trials: `nodePool`, or `inlinePool` by default. The resulting bytes do not depend on its size. */
  readonly pool?: (context: JobContext) => Promise<Pool> | Pool;
  /** The study's journal. */
  readonly storage?: Storage;
  /** The models of trials. */
  readonly artifacts?: Artifacts;
  /** Called with each line that is known before the first trial. */
  readonly tell?: (line: string) => void;
  /** Whether to continue a study that `storage` holds. */
  readonly resume?: boolean;
  readonly progress?: (p: CompressProgress) => void;
  readonly signal?: AbortSignal;
}

export interface CompressResult {
  readonly target: Target;
  readonly settings: Settings;
  /** Figures with accuracies of the test part. */
  readonly original: Figures;
  readonly ptq: Figures;
  readonly result: Figures;
  /** Accuracy of the validation part that a candidate had to keep, beyond its standard error. */
  readonly floor: number;
  /** Accuracy of the validation part, of the model as given. */
  readonly before: number;
  /** The smallest loss of accuracy that is significant on the validation part. */
  readonly smallestLoss: number;
  /** Whether the result fits and keeps the accuracy, judged on the test part. */
  readonly reached: boolean;
  readonly recipe: Recipe;
  readonly tflite: Uint8Array;
  readonly ptqTflite: Uint8Array;
  readonly trials: readonly TrialReport[];
  readonly chosen: number;
  /** Figures of the validation part: of the result, which a trial may have kept beside its best, and of `ptq`. */
  readonly chosenFigures: Figures;
  readonly plain: Figures;
  /** Whether the time allowed ended the search, with samples left. */
  readonly endedByClock: boolean;
  /** What removing channels that change no output saved before all else; null where there was nothing to remove. */
  readonly simplified: SimplifyReport | null;
  /** What the search saw. */
  readonly examples: { readonly train: number; readonly validation: number; readonly check: number; readonly test: number };
}

/** A validation part of fewer examples takes more from the train part. */
const VALIDATION = 600;
/** From this many validation examples on, a third of them is held back from the search, to check its choice. */
const CHECKABLE = 1000;
const CHECKED = 1 / 3;
/** Significance level of that check: a choice fails below it. */
const UNLUCKY = 0.2;

/** About this many examples make a network learn evenly from a small train part. */
const FEW_EXAMPLES = 5000;

/**
 * Fits `model` into a chip: searches over paths of pruning, quantization and distillation, each step on the weights the one before has left,
 * and yields each trial as it ends; the generator's return value is the result. The search sees train and validation; the test part is used
 * once, at the end.
 *
 * @param original a classifier; its accuracy is what must be kept
 * @param data  with train, validation and test parts that all have labels
 * @throws CompressError `unknown-target`; `bad-data` where a part or its labels are missing; `shape-mismatch` where an example is not the
 *   model's input; `bad-option` for options that cannot be, a goal that nothing can reach, or a study in `host.storage` that began with
 *   others; `unsupported` for a network that reconstructs its input; `does-not-fit` where no trial came to an end
 * @throws the signal's reason, once `host.signal` is aborted
 */
export async function* compress(
  original: Model,
  data: Dataset,
  options: CompressOptions,
  host: CompressHost = {},
): AsyncGenerator<TrialReport, CompressResult> {
  const { settings, target } = checkCompress(original, data, options);
  const model = settings.io ? { ...original, facts: { ...original.facts, io: settings.io } } : original;
  const heap = await Heap.open();
  const task = findTask(heap, model.graph, data);
  const { seen, check } = partsOf(data, settings.seed);
  const study = await openSearch(
    { storage: host.storage ?? new MemoryStorage(), resume: host.resume ?? false },
    { ...settings, target: target.name, clockMhz: settings.clockMhz ?? target.clockMhz },
    { model: await graphDigest(model.graph), data: await dataDigest(seen) },
  );
  const begun = performance.now();
  const context = { heap, data: seen, task, seed: settings.seed, original: model, signal: host.signal };
  const { job, ptqTflite, simplified } = await prepare(model, context, target, settings, host.tell ?? (() => {}));
  const search = new Search({
    goal: job.goal,
    space: spaceOf(job.base, settings),
    first: job.first,
    study,
    artifacts: host.artifacts ?? new MemoryArtifacts(),
    begun,
  });
  const pool = await (host.pool ?? ((c) => inlinePool(c, host.signal)))(job);
  try {
    yield* search.run(pool, host.progress, host.signal);
  } finally {
    await pool.close();
  }
  return finish(search, { heap, data, job, check, target, settings, ptqTflite, simplified });
}

/** What the search sees, and what its choice is checked by, if there is enough. */
function partsOf(data: Dataset, seed: number): { seen: Dataset; check: Part | null } {
  const seen = withValidationOf({ ...data, test: null }, VALIDATION, seed);
  const validation = seen.validation!;
  if (validation.count < CHECKABLE) return { seen, check: null };
  const places = splitStratified(validation, seen.inputs[0].shape, [1 - CHECKED, CHECKED], seed);
  const [judged, check] = places.map((p) => takeExamples(validation, p));
  return { seen: { ...seen, validation: judged }, check };
}

/** What can be found wrong before anything is done. @throws CompressError */
export function checkCompress(model: Model, data: Dataset, options: CompressOptions): { settings: Settings; target: Target } {
  const settings = checkSettings(options);
  const target = findTarget(settings.target);
  checkData(model, data);
  return { settings, target };
}

/** That there are all parts, with labels of a task that compress knows. */
function checkData(model: Model, data: Dataset): void {
  planBatch(data, inputsOf(model.graph));
  const task = recognizeTask(model.graph, data);
  if (task.name === 'reconstruction' || task.name === 'regression') {
    throw new CompressError(
      'unsupported',
      `this network is for ${task.name}; compress keeps the accuracy of classifiers`,
      'use prune, quantize and finetune one by one, and judge them by `thumbnet evaluate`',
    );
  }
  for (const part of ['train', 'validation', 'test'] as const) {
    rulesOf(task.name).targets(task, needPart(data, part), `the ${part} part of ${data.name}`);
  }
}

interface Prepared {
  readonly job: JobContext;
  /** The model as given, quantized and nothing else. */
  readonly ptqTflite: Uint8Array;
  /** What simplifying saved; null where there was nothing to remove. */
  readonly simplified: SimplifyReport | null;
}

type Seen = Context & { readonly data: Dataset; readonly task: Task };

/** All that is fixed before the first trial. */
async function prepare(
  model: Model,
  context: Seen,
  target: Target,
  settings: Settings,
  tell: (line: string) => void,
): Promise<Prepared> {
  const { heap, data, task, seed } = context;
  const judged = (graph: Model['graph']) => judge(heap, graph, data, 'validation', task).scores;
  const reference = judged(model.graph);
  const stored = asStored(await runPipeline(model, [quantize()], context));
  const ptqTflite = exportTflite(stored);
  const plain = figuresOf(importTflite(ptqTflite), target, settings, mean(judged(stored)));
  const goal = goalOf(target, settings, plain, mean(reference));
  // Folding alone, which every export does, is not worth a stage.
  const { report } = simplifyGraph(heap, asStored(model));
  const isSimpler = report.layers.length > 0;
  const base = isSimpler ? await simplify().run(model, context) : model;
  const first = isSimpler ? [{ stage: 'simplify' }] : [];
  const batch = data.train!.count < FEW_EXAMPLES ? 32 : 64;
  const job = { model, base, first, data, task, seed, reference, goal, batch };
  await checkReachable(job, context, tell);
  return { job, ptqTflite, simplified: isSimpler ? report : null };
}

const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;

/** No compression has come out so much better than the model it began with. */
const GAIN = 0.05;

/** @throws CompressError `bad-option` for limits or an accuracy that nothing can reach, with what is fixed */
async function checkReachable({ base, goal, data }: JobContext, context: Seen, tell: (line: string) => void): Promise<void> {
  const { before, floor, limits, settings, target } = goal;
  if (floor > before + GAIN) {
    throw new CompressError(
      'bad-option',
      `an accuracy of ${floor} is asked for, and the model as given reaches ${before.toFixed(4)} on the validation part`,
      'ask for less, or train the model first',
    );
  }
  const smallest = await outlineOf(base, [prune({ ratio: 0.999 }), quantize({ weightBits: 4 })], context);
  const least = figuresOf(betweenEdges(smallest!), target, settings, null);
  const share = (n: number) => `${(n / 1024).toFixed(1)} KiB`;
  tell(
    `of ${share(limits.flash!)} of flash and ${share(limits.ram!)} of RAM, ${share(least.flashBytes)} and ${share(least.ramBytes)} are needed even after the largest cut`,
  );
  const examples = data.validation!.count;
  tell(
    `a loss of less than ${(100 * smallestLoss(examples)).toFixed(2)} points is not significant on ${examples} validation examples`,
  );
  const over = unmet(least, limits);
  if (over.length === 0) return;
  const [what, needs, limit] = over[0];
  throw new CompressError(
    'does-not-fit',
    `${needs} of ${what} would be left of this network with one channel in every layer, and the limit is ${limit}`,
    'raise the limit, choose a larger target, or give a network of fewer layers',
  );
}

interface Work extends Prepared {
  readonly heap: Heap;
  readonly data: Dataset;
  readonly check: Part | null;
  readonly target: Target;
  readonly settings: Settings;
}

/** Whether a candidate holds on examples that it was not chosen by. */
function holdsBy({ heap, job, check }: Work): (tflite: Uint8Array) => boolean {
  if (!check) return () => true;
  const data = { ...job.data, validation: check };
  const right = (graph: Model['graph']) => judge(heap, graph, data, 'validation', job.task).scores;
  const reference = right(job.model.graph);
  const { before, floor } = job.goal;
  return (tflite) => chanceOfLosses(right(importTflite(tflite)), reference, before - floor) >= UNLUCKY;
}

/** The only place where the test part is used. */
async function finish(search: Search, work: Work): Promise<CompressResult> {
  const { heap, data, job, check, target, settings, ptqTflite, simplified } = work;
  const { tflite, trial, stages, figures: chosenFigures } = await search.choose(holdsBy(work));
  const figures = (graph: Model['graph']) =>
    figuresOf(graph, target, settings, judge(heap, graph, data, 'test', job.task).evaluation.accuracy);
  const original = figures(betweenEdges(job.model));
  const result = figures(importTflite(tflite));
  const wanted = settings.minAccuracy ?? original.accuracy! - dropOf(settings);
  const { normalization, layout } = data;
  const { train, validation } = job.data;
  return {
    target,
    settings,
    original,
    ptq: figures(importTflite(ptqTflite)),
    result,
    floor: job.goal.floor,
    before: job.goal.before,
    smallestLoss: smallestLoss(validation!.count),
    simplified,
    reached: fits(result, limitsOf(target, settings)) && result.accuracy! >= wanted,
    recipe: {
      version: 1,
      seed: settings.seed,
      stages: [...stages],
      normalization: { ...normalization, mean: [...normalization.mean], std: [...normalization.std] },
      layout,
      ...(validation!.count + (check?.count ?? 0) > data.validation!.count && { validation: VALIDATION }),
    },
    tflite,
    ptqTflite,
    trials: search.reports(),
    chosen: trial,
    chosenFigures,
    plain: job.goal.plain,
    endedByClock: search.endedByClock,
    examples: { train: train!.count, validation: validation!.count, check: check?.count ?? 0, test: data.test!.count },
  };
}
