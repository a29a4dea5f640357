/** Whether one arm beats another: a paired interval over seeds and test examples. */
import { PENALTY } from '../compress/judge.ts';
import { createRandom } from '../random.ts';
import type { Against } from './schema.ts';

/** What is compared of an arm's run with one seed. */
export interface Compared {
  /** Weighted mean of the figures as shares of plain int8. */
  readonly cost: number;
  /** Of each test example, 1 where it is right and 0 where not; null for a task that does not count examples. */
  readonly scores: readonly number[] | null;
  /** The score on all of the test part. */
  readonly score: number;
}

/** What must be kept on the test part: a score, or the score as given less a drop. */
export interface Asked {
  readonly given: Omit<Compared, 'cost'>;
  readonly floor: number;
  /** Whether the floor moves with the score as given. */
  readonly isDrop: boolean;
}

const DRAWS = 1000;

/** Values of runs in draws of seeds and test examples; the first draw is all of them as they are. Draws are the same for all arms. */
export function drawnValues(runs: readonly Compared[], { given, floor, isDrop }: Asked, seed: number): number[] {
  const random = createRandom(seed, 'ablate/draws');
  const count = given.scores?.length ?? 0;
  const values: number[] = [];
  for (let draw = 0; draw <= DRAWS; draw++) {
    const seeds = runs.map((_, i) => (draw ? random.below(runs.length) : i));
    const examples = Array.from({ length: count }, (_, i) => (draw ? random.below(count) : i));
    const scoreOf = ({ scores, score }: Omit<Compared, 'cost'>) =>
      scores ? examples.reduce((sum, i) => sum + scores[i], 0) / count : score;
    const least = isDrop && given.scores ? scoreOf(given) - (given.score - floor) : floor;
    values.push(seeds.reduce((sum, s) => sum + runs[s].cost + PENALTY * Math.max(0, least - scoreOf(runs[s])), 0) / runs.length);
  }
  return values;
}

/** @param own values of an arm, and of the other, by `drawnValues` */
export function against(own: readonly number[], other: readonly number[]): Against {
  const [difference, ...drawn] = own.map((value, i) => value - other[i]);
  drawn.sort((a, b) => a - b);
  const [low, high] = [0.025, 0.975].map((share) => drawn[Math.floor(share * drawn.length)]);
  return { difference, low, high, verdict: high < 0 ? 'wins' : low > 0 ? 'loses' : 'no difference' };
}
