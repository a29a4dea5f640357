/** Whether one arm beats another: paired intervals over seeds and test examples. */
import { createRandom } from '../random.ts';
import type { Against, Interval } from './schema.ts';

/** What is compared of an arm's run with one seed. */
export interface Compared {
  /** Weighted mean of the figures as shares of plain int8. */
  readonly cost: number;
  /** Of each test example, 1 where it is right and 0 where not; null for a task that does not count examples. */
  readonly scores: readonly number[] | null;
  /** The score on all of the test part. */
  readonly score: number;
}

const DRAWS = 1000;

/** Means over runs. */
export interface Draw {
  readonly cost: number;
  readonly score: number;
}

/** Runs in draws of seeds and test examples; the first draw is all of them as they are. Draws are the same for all arms. */
export function drawn(runs: readonly Compared[], seed: number): Draw[] {
  const random = createRandom(seed, 'ablate/draws');
  const count = runs[0].scores?.length ?? 0;
  const draws: Draw[] = [];
  for (let draw = 0; draw <= DRAWS; draw++) {
    const seeds = runs.map((_, i) => (draw ? random.below(runs.length) : i));
    const examples = Array.from({ length: count }, (_, i) => (draw ? random.below(count) : i));
    const scoreOf = ({ scores, score }: Compared) => (scores ? examples.reduce((sum, i) => sum + scores[i], 0) / count : score);
    const meanOf = (of: (run: Compared) => number) => seeds.reduce((sum, s) => sum + of(runs[s]), 0) / seeds.length;
    draws.push({ cost: meanOf((run) => run.cost), score: meanOf(scoreOf) });
  }
  return draws;
}

/**
 * One arm wins where it is shown to cost less or to answer better, and not shown to be worse in the other.
 *
 * @param own draws of an arm, and of the other, by `drawn`
 */
export function against(own: readonly Draw[], other: readonly Draw[]): Against {
  const between = (of: (draw: Draw) => number): Interval => {
    const [difference, ...differences] = own.map((draw, i) => of(draw) - of(other[i]));
    differences.sort((a, b) => a - b);
    const [low, high] = [0.025, 0.975].map((share) => differences[Math.floor(share * differences.length)]);
    return { difference, low, high };
  };
  const [cost, score] = [between((d) => d.cost), between((d) => d.score)];
  const better = cost.high < 0 || score.low > 0;
  const worse = cost.low > 0 || score.high < 0;
  const verdict = better && worse ? 'trade' : better ? 'wins' : worse ? 'loses' : 'no difference';
  return { verdict, cost, score };
}
