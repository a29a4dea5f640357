/** Whether a goal is kept, by examples that nothing was chosen by. */
import type { Goal } from './goal.ts';
import { dropBetween } from './metrics.ts';
import { pairedTest, upperTail } from './paired.ts';
import { type Answered, drawnDrops } from './quality.ts';
import { rulesOf } from './rules.ts';
import type { Task } from './task.ts';

/** A network's answers to the examples, what they are worth, and a score for each. */
export interface Checked extends Answered {
  readonly scores: Float64Array;
  readonly evaluation: {
    readonly quality: number | null;
    readonly classes: readonly { examples: number; recall: number | null }[];
  };
}

/** Answers to the examples of several parts, one after another. */
export function checkedTogether(task: Task, parts: readonly Answered[]): Checked {
  const rules = rulesOf(task.name);
  const answers = Float64Array.from(parts.flatMap((p) => [...p.answers]));
  const targets = parts.every((p) => p.targets) ? Float32Array.from(parts.flatMap((p) => [...p.targets!])) : null;
  const { metrics, classes } = rules.measure(task, answers, targets);
  const evaluation = { quality: metrics[task.metric] ?? null, classes };
  return { answers, targets, scores: rules.scores(task, answers, targets), evaluation };
}

/**
 * The chance that a network which just keeps a goal looks as bad as this one on so many examples, or worse: p of the goal, one-sided, the least
 * of its parts. Of shares of right examples and of squared errors by the exact paired test against the model as given, of a class's recall by
 * the binomial; of other metrics it is the share of draws of the examples (bootstrap) on which the goal is kept.
 *
 * @param goal its floor is that of these examples
 */
export function chanceOfKeeping(task: Task, goal: Goal, before: Checked, after: Checked, seed = 0): number {
  const recalls = goal.recalls.map(({ class: c, least }) => {
    const { examples, recall } = after.evaluation.classes[c];
    const hits = Math.round(examples * (recall ?? 1));
    return upperTail(examples, examples - hits, 1 - least);
  });
  return Math.min(chanceOfMetric(task, goal, before, after, seed), ...recalls);
}

function chanceOfMetric(task: Task, { metric, floor }: Goal, before: Checked, after: Checked, seed: number): number {
  const given = before.evaluation.quality;
  if (given === null || after.evaluation.quality === null) return 0;
  if (countsExamples(task)) return pairedTest(before.scores, after.scores, { allowed: given - floor, seed });
  const growth = metric === 'rmse' ? (floor / given) ** 2 : metric === 'mse' ? floor / given : null;
  // Scores are negative squared errors: one that has grown by just so much is the same.
  if (growth !== null && Number.isFinite(growth))
    return pairedTest(
      before.scores.map((s) => growth * s),
      after.scores,
      { seed },
    );
  const allowed = dropBetween(metric, given, floor);
  const drops = drawnDrops(task, before, after, after.scores.length, seed);
  return drops.length ? drops.filter((d) => d <= allowed).length / drops.length : 0;
}

/** Whether the metric is the share of the scores that are 1. */
export const countsExamples = ({ name, metric }: Pick<Task, 'name' | 'metric'>): boolean =>
  name === 'multilabel' ? metric === 'exact' : metric === 'accuracy' && (name === 'classification' || name === 'binary');
