/** What is asked of a candidate, and how far it is from that. */
import type { Judgement } from '../judge.ts';
import type { Target } from '../mcu/index.ts';
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
import type { Figures, Found } from './figures.ts';
import { FIGURE_OF, fits, type Limits, limitsOf, RESOURCES } from './limits.ts';
import type { Settings } from './options.ts';

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
  /** Of the loss that is allowed, what the margin takes at most. */
  readonly withheld: number;
}

/** The margin takes no more of the loss that is allowed; where folds have the last word, what looked good by luck is refused there, with all that went on from it. */
const WITHHELD = { usual: 1 / 2, byFolds: 1 } as const;

export function goalOf(
  target: Target,
  settings: Settings,
  plain: Figures,
  standard: Standard,
  judges: keyof typeof WITHHELD = 'usual',
): Goal {
  const { before, floor } = qualityScale(standard.asked, standard.given);
  return { target, settings, limits: limitsOf(target, settings), plain, standard, before, floor, withheld: WITHHELD[judges] };
}

/** Whether a candidate fits and keeps the goal on the validation part with its margin. */
export const isFeasible = (figures: Figures, margin: number, { limits, floor }: Goal): boolean =>
  fits(figures, limits) && figures.score !== null && figures.score - margin >= floor;

/** Weighted mean of the figures, each as a share of what plain int8 quantization needs; lower is better, 1 = as plain int8 where that needs no less than what is enough. */
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

/** A point of the score under the goal weighs as much as half of what plain int8 needs. */
export const PENALTY = 50;
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

/** The same if a training wins back a share of the score that is lost: `hope`, 0..1. */
export function promiseOf(f: Figures, margin: number, hope: number, goal: Goal): number {
  const score = f.score ?? 0;
  return worthOf(hopedFor(f, score + hope * Math.max(0, goal.before - score) - margin, goal), 0, goal);
}

/** Differing examples that are added to those counted, as few may differ by luck (the plus-four rule of Agresti and Caffo, 2000). */
const UNSEEN = 4;

/** What a network answered to the examples that judge, as `judge` gives it. */
export type Answers = Pick<Judgement, 'answers' | 'targets' | 'scores'>;

/**
 * The one margin: the standard error of a drop against the model as given, at most a part of the drop that is allowed. Of a share of right
 * examples it follows from those that one of the two networks answers right and the other wrong; of any other metric from draws of the
 * examples.
 */
export function marginOf(found: Answers, reference: Answers, { before, floor, withheld, standard, settings }: Goal): number {
  const count = found.scores.length;
  const { task, asked } = standard;
  let differ = UNSEEN;
  for (let i = 0; i < count; i++) differ += Math.abs(found.scores[i] - reference.scores[i]);
  const error =
    countsExamples(task) && asked.recalls.length === 0
      ? Math.sqrt(differ) / count
      : dropError(task, reference, found, count, settings.seed, asked);
  return Math.min(error, withheld * Math.max(0, before - floor));
}
