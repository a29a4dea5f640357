/**
 * The choice of a front end before the search: each candidate has the model's layers built for its features and trained from random weights, and is judged as any
 * candidate of the search is, quantized, by the validation part. Costs hold those of the front end itself.
 */
import { builtFor } from '../builders/index.ts';
import { byFrontEnd } from '../data/featured.ts';
import { type Dataset, withFrontEndOf } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { findTask, type Judgement, judge, qualityOf } from '../evaluate.ts';
import { factsOf } from '../features/index.ts';
import { exportTflite } from '../formats/tflite/export.ts';
import { importTflite } from '../formats/tflite/index.ts';
import { asStored } from '../model.ts';
import { checkOptions } from '../options/index.ts';
import { runPipeline } from '../pipeline.ts';
import { quantize } from '../quant/index.ts';
import { toFloat } from '../run/integer.ts';
import type { Context, Model, Progress } from '../stage.ts';
import { dropBetween, type MetricName, type Task, taskOptions } from '../task/index.ts';
import { withoutRecords } from '../train/fake.ts';
import { type ScratchOptions, scratchSchema, trainFromScratch } from '../train/index.ts';
import { Heap } from '../wasm/heap.ts';
import { type Figures, figuresOf } from './figures.ts';
import { costOf, foundIn, goalOf, isFeasible, marginOf, standardOf } from './judge.ts';
import { unmet } from './limits.ts';
import type { CompressOptions } from './options.ts';
import { checkBaseline, checkReachable } from './prepare.ts';
import { checkCompress } from './settings.ts';

/** How a network was built anew for the features that a recipe's data has. */
export interface Rebuilt {
  /** What the model as given takes of an example. */
  readonly from: readonly number[];
  readonly training: ScratchOptions;
}

export interface FrontEndTrial {
  readonly features: string;
  /** In int8, quality by the validation part; null where the network cannot read it. */
  readonly figures: Figures | null;
  /** The mean of the figures that are to be lowered, 1 = the model as given in int8 where it needs no less than what is small enough. */
  readonly cost: number | null;
  /** Whether it fits and keeps the goal there with its margin. */
  readonly holds: boolean;
  /** Why not. */
  readonly why?: string;
}

/** What a search begins with in place of the model and data as given. */
export interface FrontEndChoice {
  readonly model: Model;
  readonly data: Dataset;
  readonly options: CompressOptions;
  /** null: the front end as given stays. */
  readonly before: Before | null;
  readonly features: string;
  readonly trials: readonly FrontEndTrial[];
  readonly metric: MetricName;
}

/** The model as given, with data by its own front end: results are compared with it. */
export interface Before {
  readonly model: Model;
  readonly data: Dataset;
  readonly tflite: Uint8Array;
  /** As it was asked of that model. */
  readonly maxDrop: number | undefined;
  readonly rebuilt: Rebuilt;
}

/** A network with the layers of `model` for the features of `data`, trained on its train part. */
export async function rebuiltFor(
  model: Model,
  { from, training }: Rebuilt,
  context: Context & { readonly data: Dataset; readonly task: Task },
): Promise<Model> {
  const [{ shape }] = context.data.inputs;
  const graph = builtFor(withoutRecords(toFloat(model.graph)), from, shape, context.seed);
  const begun: Model = { graph: withFrontEndOf(graph, context.data), facts: {} };
  const { graph: trained } = await trainFromScratch(begun, { ...context, original: begun }, training);
  return { graph: asStored({ graph: trained, facts: {} }), facts: {} };
}

/**
 * The front end that costs least of those that keep the goal; the one as given where none costs less.
 *
 * @param data    by the front end of the model as given
 * @param samples the same examples as they are read without features
 * @param training how the networks are trained, where not as usual
 * @throws as `compress`, before anything is trained
 */
export async function chooseFrontEnd(
  model: Model,
  data: Dataset,
  samples: Dataset,
  names: readonly string[],
  training: Partial<ScratchOptions>,
  options: CompressOptions,
  host: { readonly progress?: (p: Progress) => void; readonly signal?: AbortSignal } = {},
): Promise<FrontEndChoice> {
  const { settings, target } = checkCompress(model, data, options);
  const { frontEnd } = data;
  if (!frontEnd)
    throw new CompressError('bad-option', 'front ends are to be chosen, and the model is given no features', 'add --features');
  const trained = checkOptions(scratchSchema, training, 'front ends');
  const heap = await Heap.open();
  const task = findTask(heap, model.graph, data, taskOptions(settings));
  const { seed } = settings;
  const contextOf = (of: Dataset): Context & { readonly data: Dataset; readonly task: Task } => ({
    ...{ heap, task, seed, original: model, signal: host.signal, progress: host.progress },
    data: { ...of, test: null },
  });
  const plainOf = async (of: Model, by: Dataset) => {
    const stored = asStored(await runPipeline(of, [quantize()], contextOf(by)), settings.io);
    const tflite = exportTflite(stored);
    return { tflite, graph: importTflite(tflite), found: judge(heap, stored, by, 'validation', task) };
  };
  const reference = judge(heap, model.graph, data, 'validation', task);
  const silent = () => {};
  checkBaseline(model.graph, reference, contextOf(data), silent);
  const standard = standardOf(task, settings, qualityOf(reference.evaluation));
  const given = await plainOf(model, data);
  checkReachable(standard, reference, given.found, silent);
  const plain = figuresOf(given.graph, target, settings, foundIn(standard, given.found));
  const goal = goalOf(target, settings, plain, standard);
  const trialOf = (features: string, figures: Figures, found: Judgement) => {
    const holds = isFeasible(figures, marginOf(found, reference, goal), goal);
    const [over] = unmet(figures, goal.limits);
    const why = over ? `over the limit of ${over[0]}` : 'loses too much';
    return { features, figures, cost: costOf(figures, goal), holds, ...(!holds && { why }) };
  };
  const first = trialOf(frontEnd.name, plain, given.found);
  const trials: FrontEndTrial[] = [first];
  let best: { readonly cost: number; readonly model: Model; readonly data: Dataset; readonly rebuilt: Rebuilt } | null = null;
  for (const features of names) {
    host.signal?.throwIfAborted();
    try {
      const by = await byFrontEnd(samples, features, factsOf(frontEnd));
      const rebuilt = { from: data.inputs[0].shape, training: withShift(trained, frontEnd.hop / by.frontEnd!.hop) };
      const telling = host.progress && ((p: Progress) => host.progress!({ ...p, what: `${features}: ${p.what}` }));
      const made = await rebuiltFor(model, rebuilt, { ...contextOf(by), progress: telling });
      const { graph, found } = await plainOf(made, by);
      const trial = trialOf(features, figuresOf(graph, target, settings, foundIn(standard, found)), found);
      trials.push(trial);
      if (trial.holds && trial.cost < (best ?? first).cost) best = { cost: trial.cost, model: made, data: by, rebuilt };
    } catch (e) {
      if (!(e instanceof CompressError) || host.signal?.aborted) throw e;
      trials.push({ features, figures: null, cost: null, holds: false, why: e.message.split('\n')[0] });
    }
  }
  if (!best) return { model, data, options, before: null, features: frontEnd.name, trials, metric: task.metric };
  const { metric, floor } = standard.asked;
  const quality = qualityOf(judge(heap, best.model.graph, best.data, 'validation', task).evaluation);
  return {
    ...{ model: best.model, data: best.data, features: best.data.frontEnd!.name, trials, metric },
    // The same least quality, seen from the network that is built anew.
    options:
      options.goal === undefined ? { ...options, maxDrop: Math.max(0, rounded(dropBetween(metric, quality, floor))) } : options,
    before: {
      ...{ model, data, tflite: given.tflite, maxDrop: settings.maxDrop },
      rebuilt: best.rebuilt,
    },
  };
}

/** Without what floats leave behind the last digits: a setting that is shown and compared. */
const rounded = (v: number): number => Number(v.toPrecision(12));

/** Examples are moved by as much time, in frames of another hop. */
function withShift(training: ScratchOptions, times: number): ScratchOptions {
  const { augment } = training;
  const { shift } = augment ?? {};
  if (!shift) return training;
  const frames = (n: number) => Math.round(n * times);
  const moved: typeof shift = typeof shift === 'number' ? frames(shift) : [frames(shift[0]), shift[1]];
  return { ...training, augment: { ...augment, shift: moved } };
}
