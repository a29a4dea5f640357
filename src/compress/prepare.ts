/** All that is fixed before the first trial, and what can be found wrong by then. */
import { type Dataset, frontEndIn } from '../data/index.ts';
import { doubtsAbout, isAtChance } from '../doubts.ts';
import { CompressError } from '../errors.ts';
import { type Judgement, judge, qualityOf } from '../evaluate.ts';
import { exportTflite } from '../formats/tflite/export.ts';
import { importTflite } from '../formats/tflite/index.ts';
import type { Graph } from '../graph/graph.ts';
import type { Target } from '../mcu/index.ts';
import { asStored, betweenEdges } from '../model.ts';
import { outlineOf, runPipeline } from '../pipeline.ts';
import { prune } from '../prune/index.ts';
import { quantize } from '../quant/index.ts';
import { bytes } from '../report/units.ts';
import { toFloat } from '../run/integer.ts';
import { type SimplifyReport, simplify, simplifyGraph } from '../simplify/index.ts';
import type { Context, Model } from '../stage.ts';
import {
  countsExamples,
  describeGoal,
  describeSmallData,
  dropBetween,
  dropError,
  metricOf,
  showDrop,
  showMetric,
  smallestLoss,
  type Task,
} from '../task/index.ts';
import { isTrainable } from '../train/trainer.ts';
import { type Figures, figuresOf } from './figures.ts';
import type { JobContext } from './job.ts';
import { foundIn, goalOf, marginOf, type Standard, standardOf, worthOf } from './judge.ts';
import { unmet } from './limits.ts';
import type { Settings } from './options.ts';
import type { Parts } from './parts.ts';
import type { Stages } from './steps.ts';

/** About so many examples make a network learn evenly from a small train part. */
const FEW_EXAMPLES = 5000;

/** The model as given, quantized and nothing else: what every candidate is compared with, and one itself. */
export interface Plain {
  readonly stages: Stages;
  readonly tflite: Uint8Array;
  /** Quality is that of the validation part. */
  readonly figures: Figures;
  readonly margin: number;
  readonly value: number;
}

export interface Prepared {
  readonly job: JobContext;
  readonly plain: Plain;
  /** What simplifying saved; null where there was nothing to remove. */
  readonly simplified: SimplifyReport | null;
  /** The smallest drop that the validation part can tell from luck. */
  readonly smallestLoss: number;
}

export type Seen = Context & { readonly data: Dataset; readonly task: Task };
type Tell = (line: string) => void;

export async function prepare(
  model: Model,
  context: Seen,
  { settings, target }: { readonly settings: Settings; readonly target: Target },
  { folds }: Pick<Parts, 'folds'>,
  tell: Tell,
): Promise<Prepared> {
  const { heap, data, task, seed } = context;
  const judged = (graph: Graph) => judge(heap, graph, data, 'validation', task);
  const reference = judged(model.graph);
  if (!isTrainable(toFloat(model.graph), data))
    tell(
      'this network keeps state from call to call: on examples of one call each it is cut and quantized, and nothing of it is trained',
    );
  const attached = settings.runtime === 'tflm' ? frontEndIn(model.graph) : null;
  if (attached) tell(`the front end ${attached.facts.features} is in no figure: TFLite Micro runs the network alone`);
  checkBaseline(model.graph, reference, context, tell);
  const standard = standardOf(task, settings, qualityOf(reference.evaluation));
  const stored = asStored(await runPipeline(model, [quantize()], context));
  const tflite = exportTflite(stored);
  const quantized = judged(stored);
  const figures = figuresOf(importTflite(tflite), target, settings, foundIn(standard, quantized));
  const goal = goalOf(target, settings, figures, standard, folds > 0 ? 'byFolds' : 'usual');
  const margin = marginOf(quantized, reference, goal);
  // Folding alone, which every export does, is not worth a stage.
  const { report } = simplifyGraph(heap, asStored(model));
  const isSimpler = report.layers.length > 0;
  const base = isSimpler ? await simplify().run(model, context) : model;
  const first = isSimpler ? [{ stage: 'simplify' }] : [];
  const batch = data.train!.count < FEW_EXAMPLES ? 32 : 64;
  const { teachers = [], unlabelled = [] } = context;
  const job = { model, base, first, data, teachers, unlabelled, task, seed, reference, goal, batch };
  checkReachable(standard, reference, quantized, tell);
  await checkLimits(job, context, tell);
  return {
    job,
    plain: { stages: [{ stage: 'quantize' }], tflite, figures, margin, value: worthOf(figures, margin, goal) },
    simplified: isSimpler ? report : null,
    smallestLoss: tellSmallest(standard, reference, quantized, seed, tell),
  };
}

/** @throws CompressError `bad-data` for a model whose answers have nothing to do with the labels: its quality cannot be kept */
export function checkBaseline(graph: Graph, { evaluation }: Judgement, { heap, data, task }: Seen, tell: Tell): void {
  const [first, ...rest] = doubtsAbout(heap, graph, data, 'validation', task, evaluation);
  if (!isAtChance(evaluation)) {
    for (const line of first === undefined ? [] : [first, ...rest]) tell(`warning: ${line}`);
    return;
  }
  throw new CompressError(
    'bad-data',
    first,
    rest.length ? rest.join('; ') : 'give the labels and the form of the data that belong to this model, or train it first',
  );
}

/** So much better than the model it began with no compression has come out: points of a share, or a part of an error. */
const GAIN = { points: 0.05, share: 0.25 } as const;

/** @throws CompressError `bad-option` for a goal that the model as given misses by more than training has ever won */
export function checkReachable({ task, asked, given }: Standard, reference: Judgement, plain: Judgement, tell: Tell): void {
  const { metric, floor, recalls } = asked;
  const { show, drop } = metricOf(metric);
  const bad = (what: string) => new CompressError('bad-option', what, 'ask for less, or train the model first');
  const best = [reference, plain].map((j) => dropBetween(metric, floor, j.evaluation.quality ?? given));
  if (Math.min(...best) > GAIN[drop]) {
    throw bad(`${describeGoal(asked, task)} is asked for, and the model as given reaches ${show(given)} on the validation part`);
  }
  for (const { class: c, least } of recalls) {
    const recall = reference.evaluation.perClass[c];
    if (recall === null) throw bad(`the validation part has no example of class ${c}, whose recall is to be kept`);
    if (least > recall + GAIN.points) {
      const text = describeGoal({ ...asked, recalls: recalls.filter((r) => r.class === c) }, task);
      throw bad(`${text} is asked for, and the model as given has a recall of ${metricOf('accuracy').show(recall)} there`);
    }
  }
  const { quality } = plain.evaluation;
  if (quality !== null && dropBetween(metric, floor, quality) > 0) {
    tell(
      `plain int8 quantization has ${showMetric(metric, quality)} where ${show(floor)} is asked: training has to win that back`,
    );
  }
}

/** One-sided 5 % of a normal distribution, in standard errors. */
const FIVE_PERCENT = 1.645;

/** Says what the validation part can tell, before anything rests on it. */
function tellSmallest(
  { task, asked, given }: Standard,
  reference: Judgement,
  plain: Judgement,
  seed: number,
  tell: Tell,
): number {
  const examples = reference.scores.length;
  const counts = countsExamples(task);
  const least = counts
    ? smallestLoss(examples)
    : FIVE_PERCENT * dropError({ ...task, metric: asked.metric }, reference, plain, examples, seed);
  const allowed = dropBetween(asked.metric, given, asked.floor);
  const { label } = metricOf(asked.metric);
  const small = counts && allowed >= 0 ? describeSmallData(examples, allowed, 'the validation part') : null;
  tell(
    small ??
      `a loss of less than ${showDrop(asked.metric, least)} of ${label} is not significant on ${examples} validation examples`,
  );
  return least;
}

/** What pruning and quantization can leave of a network at least. */
export async function smallestOf(model: Model, context: Context): Promise<Graph> {
  const outline = await outlineOf(model, [prune({ ratio: 0.999 }), quantize({ weightBits: 4 })], context);
  return withShortTables(betweenEdges(outline!));
}

/** The scale of logits of a range of 256. */
const WIDE = 1;

/** The table of a softmax ends where exp is 0: it is short where the range of its input is wide, as that of a small network may be. */
function withShortTables(graph: Graph): Graph {
  const wide = new Set(graph.nodes.filter((n) => n.op === 'softmax').map((n) => n.inputs[0]));
  const tensors = graph.tensors.map((t, i) => (wide.has(i) && t.quant ? { ...t, quant: { ...t.quant, scales: [WIDE] } } : t));
  return { ...graph, tensors };
}

/** @throws CompressError `does-not-fit` for limits below what is fixed, with that */
async function checkLimits({ base, goal }: JobContext, context: Seen, tell: Tell): Promise<void> {
  const { limits, settings, target } = goal;
  const least = figuresOf(await smallestOf(base, context), target, settings, null);
  tell(
    `of ${bytes(limits.flash!)} of flash and ${bytes(limits.ram!)} of RAM, ${bytes(least.flashBytes)} and ${bytes(least.ramBytes)} are needed even after the largest cut`,
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
