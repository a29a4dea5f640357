import { createRandom } from '../random.ts';
import type { Goal, Judged } from './goal.ts';
import { dropBetween, metricOf } from './metrics.ts';
import { rulesOf } from './rules.ts';
import type { Targets, Task } from './task.ts';

/**
 * Quality as one number for every task, 1 at best or of the model as given: a loss on it is a drop in the metric's own unit, so that what
 * searches, stops and compares need not know the metric. Of shares and areas it is their value; of errors it is 1 less what they have grown by
 * as a share of the model's own. Where single classes have a least recall, one that misses it by more than the metric misses the goal counts.
 */
export interface QualityScale {
  readonly before: number;
  /** The least that is good enough. */
  readonly floor: number;
  of(judged: Judged): number;
}

/** @param before the metric's value of the model as given */
export function qualityScale({ metric, floor, recalls }: Goal, before: number): QualityScale {
  const inPoints = metricOf(metric).drop === 'points';
  const scaled = (value: number) => (inPoints ? value : 1 - dropBetween(metric, before, value));
  const least = scaled(floor);
  return {
    before: scaled(before),
    floor: least,
    of: ({ quality, perClass }) => {
      const own = quality === null ? Number.NEGATIVE_INFINITY : scaled(quality);
      return recalls.reduce((worst, r) => Math.min(worst, least + (perClass[r.class] ?? 1) - r.least), own);
    },
  };
}

/** What a network answered to the examples of a part, and their labels, as `judge` gives them. */
export interface Answered {
  readonly answers: Float64Array;
  readonly targets: Targets;
}

const DRAWS = 200;

/**
 * Standard error of the drop between two networks on the same examples, in the unit of the metric's drop: its standard deviation over draws of as many
 * examples with repetition (paired bootstrap, Efron 1979).
 *
 * @param goal whose worst part is looked at, where single classes have a least recall; the metric alone where there is none
 */
export function dropError(task: Task, before: Answered, after: Answered, count: number, seed: number, goal?: Goal): number {
  const drops = drawnDrops(task, before, after, count, seed, goal);
  const mean = drops.reduce((sum, d) => sum + d, 0) / drops.length;
  return drops.length > 1 ? Math.sqrt(drops.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (drops.length - 1)) : 0;
}

/** The drop on each draw of as many examples with repetition on which both have a value. */
export function drawnDrops(task: Task, before: Answered, after: Answered, count: number, seed: number, goal?: Goal): number[] {
  const random = createRandom(seed, 'task/bootstrap');
  const chosen = new Int32Array(count);
  return Array.from({ length: DRAWS }).flatMap(() => {
    for (let i = 0; i < count; i++) chosen[i] = random.below(count);
    const [a, b] = [before, after].map((of) => judgedOn(task, of, count, chosen));
    if (a.quality === null || b.quality === null) return [];
    if (!goal?.recalls.length) return [dropBetween(task.metric, a.quality, b.quality)];
    const { of } = qualityScale(goal, a.quality);
    return [of(a) - of(b)];
  });
}

/** On some examples of a part of `count`, given by their places, again where they are named again. */
function judgedOn(task: Task, { answers, targets }: Answered, count: number, places: Int32Array): Judged {
  const found = rulesOf(task.name).measure(task, taken(answers, count, places), targets && taken(targets, count, places));
  return { quality: found.metrics[task.metric] ?? null, perClass: found.classes.map((c) => c.recall) };
}

function taken<T extends Float64Array | Float32Array | Int32Array>(values: T, count: number, places: Int32Array): T {
  const size = values.length / count;
  const out = new (values.constructor as new (n: number) => T)(places.length * size);
  places.forEach((place, i) => {
    out.set(values.subarray(place * size, (place + 1) * size) as never, i * size);
  });
  return out;
}
