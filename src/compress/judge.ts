/** What a candidate needs, what is asked of it, and how far it is from that. */
import type { Graph } from '../graph/graph.ts';
import type { Judgement } from '../judge.ts';
import { profile, type Target } from '../mcu/index.ts';
import {
  afterDrop,
  countsExamples,
  dropError,
  type MetricName,
  metricOf,
  type Goal as QualityGoal,
  goalOf as qualityGoalOf,
  qualityScale,
  type Task,
} from '../task/index.ts';
import type { Settings } from './options.ts';

/** What a candidate needs and how well it does. Bytes, ms, microjoule. */
export interface Figures {
  readonly flashBytes: number;
  readonly ramBytes: number;
  readonly latencyMs: number;
  readonly energyUj: number | null;
  readonly macs: number;
  readonly weightBytes: number;
  /** Right answers, 0..1; null for a task without right and wrong. */
  readonly accuracy: number | null;
  /** The value of the task's metric. */
  readonly quality: number | null;
  /** The same as one number of which more is better, with the least recalls of classes in it: candidates are compared by it. */
  readonly score: number | null;
}

/** How well a network does on a part. */
export type Found = Pick<Figures, 'accuracy' | 'quality' | 'score'>;

const UNKNOWN: Found = { accuracy: null, quality: null, score: null };

export function figuresOf(
  graph: Graph,
  target: Target,
  { runtime, clockMhz }: Pick<Settings, 'runtime' | 'clockMhz'>,
  found: Found | null,
): Figures {
  const { flashBytes, ramBytes, latencyMs, energyUj, macs, weightBytes } = profile(graph, target, { runtime, clockMhz });
  return { flashBytes, ramBytes, latencyMs, energyUj, macs, weightBytes, ...(found ?? UNKNOWN) };
}

/** Figures with a quality that a training may come to. */
export function hopedFor(f: Figures, score: number, { standard: { asked, given } }: Goal): Figures {
  const inPoints = metricOf(asked.metric).drop === 'points';
  return { ...f, score, quality: inPoints ? score : afterDrop(asked.metric, given, 1 - score) };
}

/** What is asked of quality on one part. Plain data, the same in every thread. */
export interface Standard {
  readonly task: Task;
  readonly asked: QualityGoal;
  /** The metric's value of the model as given. */
  readonly given: number;
}

/** @param given the metric's value of the model as given. @throws CompressError `bad-option` for a goal that cannot be */
export function standardOf(task: Task, { goal, maxDrop, minRecall }: Settings, given: number): Standard {
  return { task, asked: qualityGoalOf(task, given, { goal, maxDrop, minRecall }), given };
}

export function foundIn({ asked, given }: Standard, { evaluation }: Judgement): Found {
  const { accuracy, quality } = evaluation;
  return { accuracy, quality, score: qualityScale(asked, given).of(evaluation) };
}

/** The figure that each word of an objective, a limit or a target means. */
export const FIGURE_OF = {
  flash: 'flashBytes',
  ram: 'ramBytes',
  latency: 'latencyMs',
  energy: 'energyUj',
  weights: 'weightBytes',
  macs: 'macs',
} as const;

export type Resource = keyof typeof FIGURE_OF;
const RESOURCES = Object.keys(FIGURE_OF) as Resource[];

/** What must not be exceeded; null where nothing is asked. */
export type Limits = Readonly<Record<Resource, number | null>>;

export const limitsOf = (target: Target, s: Settings): Limits => ({
  flash: Math.min(s.flashBudget ?? target.flashBytes, target.flashBytes),
  ram: Math.min(s.ramBudget ?? target.ramBytes, target.ramBytes),
  latency: s.maxLatencyMs ?? null,
  energy: s.maxEnergyUj ?? null,
  weights: s.weightBudget ?? null,
  macs: s.maxMacs ?? null,
});

/** How far over each limit, relative to it; all at or below 0 = it fits. */
export const violations = (f: Figures, limits: Limits): number[] =>
  RESOURCES.map((r) => (limits[r] === null ? -1 : (f[FIGURE_OF[r]] ?? 0) / limits[r] - 1));

export const fits = (f: Figures, limits: Limits): boolean => violations(f, limits).every((over) => over <= 0);

const size = (n: number) => (n < 1024 ? `${n} bytes` : `${(n / 1024).toFixed(1)} KiB`);
const SHOWN: Readonly<Record<Resource, readonly [what: string, show: (n: number) => string]>> = {
  flash: ['flash', size],
  ram: ['RAM', size],
  latency: ['latency', (ms) => `${Number(ms.toPrecision(3))} ms`],
  energy: ['energy', (uj) => `${Number(uj.toPrecision(3))} µJ`],
  weights: ['weights', size],
  macs: ['MACs', (n) => `${n}`],
};

/** Name, need and limit of each that is exceeded, as texts. */
export const unmet = (f: Figures, limits: Limits): [what: string, need: string, limit: string][] =>
  RESOURCES.flatMap((r) => {
    const [limit, need] = [limits[r], f[FIGURE_OF[r]] ?? 0];
    const [what, show] = SHOWN[r];
    return limit !== null && need > limit ? [[what, show(need), show(limit)]] : [];
  });

/** What a caller allows beside the chip's own limits: `16.0 KiB of flash, 20 ms of latency`; empty where nothing is. */
export function budgetsText(s: Settings): string {
  const given = {
    flash: s.flashBudget,
    ram: s.ramBudget,
    latency: s.maxLatencyMs,
    energy: s.maxEnergyUj,
    weights: s.weightBudget,
    macs: s.maxMacs,
  };
  return RESOURCES.flatMap((r) => {
    const [[what, show], limit] = [SHOWN[r], given[r]];
    return limit === undefined ? [] : [r === 'macs' ? `${show(limit)} MACs` : `${show(limit)} of ${what}`];
  }).join(', ');
}

/** What candidates are judged by. Plain data, the same in every thread. */
export interface Goal {
  readonly target: Target;
  readonly settings: Settings;
  readonly limits: Limits;
  /** Plain int8 quantization of the model as given, as it does on the validation part. */
  readonly plain: Figures;
  /** Of the validation part. */
  readonly standard: Standard;
  /** Scores of the validation part: of the model as given, and the one to keep. */
  readonly before: number;
  readonly floor: number;
}

export function goalOf(target: Target, settings: Settings, plain: Figures, standard: Standard): Goal {
  const { before, floor } = qualityScale(standard.asked, standard.given);
  return { target, settings, limits: limitsOf(target, settings), plain, standard, before, floor };
}

/** Weighted mean of the figures, each as a share of what plain int8 quantization needs; lower is better, 1 = as plain int8. */
export function costOf(f: Figures, { plain, standard, settings: { objective, enough } }: Goal): number {
  let [sum, total] = [0, 0];
  for (const r of RESOURCES) {
    const [need, whole] = [f[FIGURE_OF[r]], plain[FIGURE_OF[r]]];
    total += objective[r];
    if (need !== null && whole) sum += (objective[r] * Math.max(need, enough[r] ?? 0)) / whole;
  }
  total += objective.quality;
  if (f.quality !== null && objective.quality > 0) {
    const { metric } = standard.asked;
    sum += (objective.quality * wrong(metric, f.quality)) / wrong(metric, plain.quality ?? f.quality);
  }
  return sum / (total || 1);
}

/** What is missing from the best value there is: a share of wrong answers, or an error. A thousandth at least, so that it can be compared with. */
const wrong = (metric: MetricName, value: number): number =>
  metricOf(metric).better === 'lower' ? Math.max(Number.MIN_VALUE, value) : Math.max(1e-3, 1 - value);

/** Whether every figure that counts is small enough. */
export const isEnough = (f: Figures, { objective, enough }: Pick<Settings, 'objective' | 'enough'>): boolean =>
  RESOURCES.every((r) => objective[r] === 0 || (enough[r] !== undefined && (f[FIGURE_OF[r]] ?? 0) <= enough[r]));

/** A point of the score under the goal weighs as much as half of what plain int8 needs. */
const PENALTY = 50;
/** Of two that cost the same, the better one. */
const TIE = 0.01;

/**
 * What the search lowers: the cost, and a penalty for quality that is missing.
 *
 * @param margin of the score: what luck may have added
 */
export function worthOf(f: Figures, margin: number, goal: Goal): number {
  const score = (f.score ?? 0) - margin;
  return costOf(f, goal) + PENALTY * Math.max(0, goal.floor - score) + TIE * Math.max(0, goal.before - score);
}

/** Differing examples that are added to those counted, as few may differ by luck (the plus-four rule of Agresti and Caffo, 2000). */
const UNSEEN = 4;

/** What a network answered to the examples that judge, as `judge` gives it. */
export type Answers = Pick<Judgement, 'answers' | 'targets' | 'scores'>;

/**
 * The one margin: the standard error of a drop against the model as given, at most half of the drop that is allowed. Of a share of right
 * examples it follows from those that one of the two networks answers right and the other wrong; of any other metric from draws of the
 * examples.
 */
export function marginOf(found: Answers, reference: Answers, { before, floor, standard, settings }: Goal): number {
  const count = found.scores.length;
  const { task, asked } = standard;
  let differ = UNSEEN;
  for (let i = 0; i < count; i++) differ += Math.abs(found.scores[i] - reference.scores[i]);
  const error =
    countsExamples(task) && asked.recalls.length === 0
      ? Math.sqrt(differ) / count
      : dropError(task, reference, found, count, settings.seed, asked);
  return Math.min(error, Math.max(0, before - floor) / 2);
}
