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
/** What plain int8 costs. */
const PLAIN = 1;

/** Means over runs. */
export interface Draw {
  readonly cost: number;
  readonly score: number;
  /** The cost, and a penalty for what the score misses; no more than that of plain int8, which one would use instead. */
  readonly value: number;
}

/** Runs in draws of seeds and test examples; the first draw is all of them as they are. Draws are the same for all arms. */
export function drawn(runs: readonly Compared[], { given, floor, isDrop }: Asked, seed: number): Draw[] {
  const random = createRandom(seed, 'ablate/draws');
  const count = given.scores?.length ?? 0;
  const draws: Draw[] = [];
  for (let draw = 0; draw <= DRAWS; draw++) {
    const seeds = runs.map((_, i) => (draw ? random.below(runs.length) : i));
    const examples = Array.from({ length: count }, (_, i) => (draw ? random.below(count) : i));
    const scoreOf = ({ scores, score }: Omit<Compared, 'cost'>) =>
      scores ? examples.reduce((sum, i) => sum + scores[i], 0) / count : score;
    const least = isDrop && given.scores ? scoreOf(given) - (given.score - floor) : floor;
    const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const scores = seeds.map((s) => scoreOf(runs[s]));
    const costs = seeds.map((s) => runs[s].cost);
    const values = costs.map((cost, i) => Math.min(Math.max(PLAIN, cost), cost + PENALTY * Math.max(0, least - scores[i])));
    draws.push({ cost: meanOf(costs), score: meanOf(scores), value: meanOf(values) });
  }
  return draws;
}

/** @param own draws of an arm, and of the other, by `drawn` */
export function against(own: readonly Draw[], other: readonly Draw[]): Against {
  const between = (of: (draw: Draw) => number) => {
    const [difference, ...differences] = own.map((draw, i) => of(draw) - of(other[i]));
    differences.sort((a, b) => a - b);
    const [low, high] = [0.025, 0.975].map((share) => differences[Math.floor(share * differences.length)]);
    return { difference, low, high };
  };
  const value = between((d) => d.value);
  const { low, high } = value;
  const verdict = high < 0 ? 'wins' : low > 0 ? 'loses' : 'no difference';
  return { ...value, verdict, cost: between((d) => d.cost), score: between((d) => d.score) };
}
