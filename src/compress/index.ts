import { type Dataset, inputsOf, needPart, planBatch, withValidationOf } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { findTask, judge as judgeGraph } from '../evaluate.ts';
import { importTflite } from '../formats/tflite/index.ts';
import { graphDigest } from '../graph/digest.ts';
import type { Graph } from '../graph/graph.ts';
import { findTarget, type Target } from '../mcu/index.ts';
import { betweenEdges } from '../model.ts';
import type { Recipe } from '../pipeline.ts';
import { quantize } from '../quant/index.ts';
import type { Study } from '../search/index.ts';
import type { SimplifyReport } from '../simplify/index.ts';
import type { Model, Progress } from '../stage.ts';
import { type Artifacts, MemoryArtifacts, MemoryStorage, type Storage } from '../study/index.ts';
import { recognizeTask, rulesOf } from '../task/index.ts';
import { dataDigest } from '../train/identity.ts';
import { Heap } from '../wasm/heap.ts';
import { type Goal, goalOf } from './goal.ts';
import { type JobContext, type JobResult, runJob } from './job.ts';
import { costOf, type Figures, figuresOf, fits, limitsOf } from './judge.ts';
import { type CompressOptions, checkSettings, dropOf, type Settings } from './options.ts';
import { inlinePool, type Pool } from './pool.ts';
import { largestEpochs, type Prepared, prepare } from './prepare.ts';
import { openSearch, Search } from './search.ts';
import type { LayerBits } from './sensitivity.ts';
import type { Space } from './space.ts';
import type { CompressProgress, TrialReport } from './trial_report.ts';

export { type Figures, figuresOf } from './judge.ts';
export { type CompressOptions, OBJECTIVE } from './options.ts';
export { inlinePool, nodePool, type Pool } from './pool.ts';
export { registerSampler, SAMPLERS } from './samplers.ts';
export type { CompressProgress, TrialReport } from './trial_report.ts';

/** Where and by whom the work is done; everything has a default that works in memory and in this thread. */
export interface CompressHost {
  /** Makes what runs the trials, of the same bytes whatever its size; `nodePool` or, by default, `inlinePool`. */
  readonly pool?: (context: JobContext) => Promise<Pool> | Pool;
  /** The study's journal. */
  readonly storage?: Storage;
  /** The models of trials. */
  readonly artifacts?: Artifacts;
  /** Whether to go on with a study that `storage` holds. */
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
  /** Whether the model as given seems to have learned from the validation part too; then half of the allowed loss is held back. */
  readonly seenBefore: boolean;
  /** Whether the result fits and keeps the accuracy, judged on the test part. */
  readonly reached: boolean;
  readonly recipe: Recipe;
  readonly tflite: Uint8Array;
  readonly ptqTflite: Uint8Array;
  readonly trials: readonly TrialReport[];
  readonly chosen: number;
  /** What removing channels that change no output saved before all else; null where there was nothing to remove. */
  readonly simplified: SimplifyReport | null;
  /** What the search saw. */
  readonly examples: { readonly train: number; readonly validation: number; readonly test: number };
}

/** A validation part of fewer examples takes more from the train part. */
const VALIDATION = 600;

/**
 * Fits `model` into a chip: searches over pruning, quantization and distillation, their parameters and their order, and yields each trial
 * as it ends; the generator's return value is the result. The search sees train and validation; the test part is used once, at the end.
 *
 * @param original a classifier; its accuracy is what must be kept
 * @param data  with train, validation and test parts that all have labels
 * @throws CompressError `unknown-target`; `bad-data` where a part or its labels are missing; `shape-mismatch` where an example is not the
 *   model's input; `bad-option` for options that cannot be, or a study in `host.storage` that began with others; `unsupported` for a network
 *   that reconstructs its input; `does-not-fit` where no trial came to an end
 * @throws the signal's reason, once `host.signal` is aborted
 */
export async function* compress(
  original: Model,
  data: Dataset,
  options: CompressOptions,
  host: CompressHost = {},
): AsyncGenerator<TrialReport, CompressResult> {
  const { settings: given, target } = checkCompress(original, data, options);
  const model = given.io ? { ...original, facts: { ...original.facts, io: given.io } } : original;
  const heap = await Heap.open();
  const task = findTask(heap, model.graph, data);
  const seen = withValidationOf({ ...data, test: null }, VALIDATION, given.seed);
  const settings = { ...given, epochs: given.epochs ?? largestEpochs(seen.train!.count) };
  const study = await begin(model, seen, settings, target, host);
  const goal = goalOf(heap, model, seen, task, settings);
  const begun = performance.now();
  const ptq = (await runJob(goal.context, [{ stage: 'quantize', calibrator: 'mse' }], undefined, host.signal)) as JobResult;
  const plain = figuresOf(importTflite(ptq.tflite), target, settings, ptq.accuracy);
  const work: Work = { ...goal, heap, model, data, settings, target, begun, ptqTflite: ptq.tflite, plain };
  const prepared = await measure(work, host);
  const search = searchOf(work, prepared, study, host);
  const pool = await (host.pool ?? ((c) => inlinePool(c, host.signal)))(work.context);
  try {
    yield* search.run(pool, host.progress, host.signal);
  } finally {
    await pool.close();
  }
  return finish(search, work, prepared.simplified);
}

/** All that is fixed before the first trial. */
interface Work extends Goal {
  readonly heap: Heap;
  readonly model: Model;
  readonly data: Dataset;
  readonly settings: Settings & Pick<Space, 'epochs'>;
  readonly target: Target;
  /** When the work began, ms. */
  readonly begun: number;
  /** The model as given, quantized and nothing else, and its figures. */
  readonly ptqTflite: Uint8Array;
  readonly plain: Figures;
}

function measure({ heap, model, context, settings, target, plain }: Work, { signal, progress }: CompressHost): Promise<Prepared> {
  const costOfGraph = async (graph: Graph, layerBits: LayerBits = {}) => {
    const outline = await quantize({ layerBits }).outline({ graph, facts: {} }, { ...context, heap, original: model });
    return costOf(figuresOf(betweenEdges({ ...outline!, facts: model.facts }), target, settings, null), plain, settings);
  };
  const { data, seed } = context;
  const tell = (p: Progress) => progress?.({ done: 0, total: 0, best: null, running: [{ trial: 0, ...p }] });
  return prepare(model, settings, costOfGraph, {
    heap,
    data,
    seed,
    original: model,
    signal,
    progress: tell,
  });
}

/** The study, before anything takes time. */
async function begin(model: Model, data: Dataset, settings: Settings, target: Target, host: CompressHost): Promise<Study> {
  const place = { storage: host.storage ?? new MemoryStorage(), resume: host.resume ?? false };
  const floor = settings.minAccuracy === undefined && { maxDrop: dropOf(settings) };
  const full = { ...settings, ...floor, target: target.name, clockMhz: settings.clockMhz ?? target.clockMhz };
  return openSearch(place, full, { model: await graphDigest(model.graph), data: await dataDigest(data) });
}

function searchOf(work: Work, { base, space }: Prepared, study: Study, host: CompressHost): Search {
  const { context, settings, target, plain, floor, before, seenBefore, begun, heap } = work;
  return new Search({
    context,
    settings,
    target,
    limits: limitsOf(target, settings),
    plain,
    floor,
    // Half of the allowed loss is margin enough.
    largestMargin: seenBefore ? 0 : Math.max(0, before - floor) / 2,
    base,
    space,
    begun,
    heap,
    study,
    artifacts: host.artifacts ?? new MemoryArtifacts(),
  });
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

/** The only place where the test part is used. */
async function finish(search: Search, work: Work, simplified: SimplifyReport | null): Promise<CompressResult> {
  const { heap, model, data, context, settings, target, before, seenBefore, floor, ptqTflite } = work;
  const { tflite, trial } = await search.choose();
  const judge = (graph: Model['graph']) =>
    figuresOf(graph, target, settings, judgeGraph(heap, graph, data, 'test', context.task).evaluation.accuracy);
  const original = judge(betweenEdges(model));
  const result = judge(importTflite(tflite));
  const wanted = settings.minAccuracy ?? original.accuracy! - dropOf(settings);
  const { normalization, layout } = data;
  const enlarged = context.data.validation!.count > data.validation!.count;
  return {
    target,
    settings,
    original,
    ptq: judge(importTflite(ptqTflite)),
    result,
    floor,
    before,
    seenBefore,
    simplified,
    reached: fits(result, limitsOf(target, settings)) && result.accuracy! >= wanted,
    recipe: {
      version: 1,
      seed: settings.seed,
      stages: [...trial.stages],
      normalization: { ...normalization, mean: [...normalization.mean], std: [...normalization.std] },
      layout,
      ...(enlarged && { validation: VALIDATION }),
    },
    tflite,
    ptqTflite,
    trials: search.reports(),
    chosen: trial.number,
    examples: { train: context.data.train!.count, validation: context.data.validation!.count, test: data.test!.count },
  };
}
