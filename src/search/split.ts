import { contributions, largestSubset, type Point, ranks } from './pareto.ts';
import { type Direction, losses, type TrialRecord, violation } from './record.ts';

/** The best trials are good: this share of all, up to a most. With several objectives a front wants more of them. */
const SHARE = { one: 0.1, several: 0.15 };
const MOST = { one: 25, several: 50 };
/** With several objectives this many trials are ranked; once there are twice as many, the worst are dropped for good. */
const POOL = 200;

export interface Good {
  /** In order of number. */
  readonly trials: readonly TrialRecord[];
  /** What each weighs; undefined where recent ones weigh more. */
  readonly weights: readonly number[] | undefined;
}

/**
 * The finished trials in order of quality, as far as it matters which are good. Feasible complete trials come first: by value, or with several
 * objectives whole ranks of non-domination, then the subset with the largest hypervolume. Then pruned ones, those that got further first;
 * then infeasible ones by violation.
 */
export class Ranking {
  readonly #directions: readonly Direction[];
  readonly #several: boolean;
  #count = 0;
  #good: Good | undefined;
  /** Feasible and complete; best first with one objective. */
  #complete: TrialRecord[] = [];
  /** All others, best first. */
  readonly #rest: TrialRecord[] = [];

  constructor(directions: readonly Direction[]) {
    this.#directions = directions;
    this.#several = directions.length > 1;
  }

  add(trial: TrialRecord): void {
    this.#count++;
    this.#good = undefined;
    const isComplete = trial.state === 'complete' && violation(trial) === 0;
    if (!isComplete || !this.#several) {
      const order = isComplete ? this.#complete : this.#rest;
      insert(order, trial, isComplete ? (a, b) => compare(this.#loss(a), this.#loss(b)) : (a, b) => this.#compareRest(a, b));
      if (order.length > this.#most) order.pop();
      return;
    }
    this.#complete.push(trial);
    if (this.#complete.length > 2 * POOL) this.#complete = this.#first(POOL).sort((a, b) => a.number - b.number);
  }

  good(): Good {
    this.#good ??= this.#choose();
    return this.#good;
  }

  #choose(): Good {
    const count = Math.min(Math.ceil((this.#several ? SHARE.several : SHARE.one) * this.#count), this.#most);
    const complete = this.#several ? this.#first(count) : this.#complete.slice(0, count);
    const trials = [...complete, ...this.#rest.slice(0, count - complete.length)].sort((a, b) => a.number - b.number);
    return { trials, weights: this.#several && complete.length > 0 ? this.#weights(trials, complete) : undefined };
  }

  get #most(): number {
    return this.#several ? MOST.several : MOST.one;
  }

  #loss = (t: TrialRecord): number => losses(t.values!, this.#directions)[0];

  #points = (trials: readonly TrialRecord[]): Point[] => trials.map((t) => losses(t.values!, this.#directions));

  #first(count: number): TrialRecord[] {
    const points = this.#points(this.#complete);
    const order: number[] = [];
    for (const rank of ranks(points)) {
      const room = count - order.length;
      if (room <= 0) break;
      const inRank = rank.map((i) => points[i]);
      order.push(...(rank.length > room ? largestSubset(inRank, room).map((k) => rank[k]) : rank));
    }
    return order.map((i) => this.#complete[i]);
  }

  /** By the hypervolume that each alone dominates, as a share of the largest. */
  #weights(trials: readonly TrialRecord[], complete: readonly TrialRecord[]): number[] {
    const volumes = contributions(this.#points(complete));
    const largest = Math.max(...volumes);
    const weight = new Map(complete.map((t, i) => [t, largest > 0 ? volumes[i] / largest : 1]));
    return trials.map((t) => Math.max(weight.get(t) ?? 0, LEAST));
  }

  #compareRest(a: TrialRecord, b: TrialRecord): number {
    const [x, y] = [violation(a), violation(b)];
    if (x > 0 || y > 0) return compare(x, y);
    const [p, q] = [this.#progress(a), this.#progress(b)];
    return compare(q.step, p.step) || compare(p.loss, q.loss);
  }

  #progress(t: TrialRecord): { step: number; loss: number } {
    if (t.reports.size === 0) return { step: Number.NEGATIVE_INFINITY, loss: 0 };
    const step = Math.max(...t.reports.keys());
    const [loss] = losses([t.reports.get(step)!], this.#directions);
    return { step, loss: Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss };
  }
}

/** What a good trial weighs at least. */
const LEAST = 1e-12;

/** After all that are not worse, so that of equals the earlier comes first. */
function insert(order: TrialRecord[], trial: TrialRecord, by: (a: TrialRecord, b: TrialRecord) => number): void {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (by(order[middle], trial) <= 0) low = middle + 1;
    else high = middle;
  }
  order.splice(low, 0, trial);
}

/** Ascending, without the NaN that Infinity - Infinity gives. */
const compare = (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0);
