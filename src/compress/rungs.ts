/**
 * How a budget of training samples is dealt to arms: successive halving (Jamieson and Talwalkar, "Non-stochastic Best Arm Identification", 2016)
 * on paths that continue where they ended. Many arms start with few samples; the better ones continue from their candidates with more; more than half
 * of the budget is spent on the best few alone.
 *
 * The rounds of a study follow from its budget. Which candidate a trial continues from follows from the trials of the rounds before its own, so
 * that neither the number of threads nor their speed changes anything.
 */

/** What a trial is to do. */
export interface Turn {
  readonly round: number;
  /** The trial whose candidate it continues from; null = it starts from the model as given. */
  readonly from: number | null;
  /** Samples that it may use. */
  readonly samples: number;
}

/** What is known of a trial that ended. */
export interface Ended {
  /** What the search lowers; null where it failed. */
  readonly value: number | null;
  /** The same if a training wins back a part of what was lost: by it trials go on. null where it failed. */
  readonly promise: number | null;
  readonly feasible: boolean;
  /** Samples that it used. */
  readonly samples: number;
  /** The digest of its candidate: two trials may come to the same. */
  readonly node: string | null;
}

export interface Budget {
  readonly samples: number;
  readonly parallel: number;
  /** Most trials. */
  readonly trials: number;
  /** Trials before all arms, which cost nothing of the budget: a given recipe. */
  readonly given: number;
}

export interface Round {
  /** Arms that continue, and arms that start. */
  readonly on: number;
  readonly start: number;
  /** Share of the budget that is left by then. */
  readonly share: number;
}

/** A small start already shows which arms are better. */
const STARTED = 8000;
/** An arm that continues gets this many times the samples of one that starts in the same round. */
const FACTOR = 3;

/** Rounds of a budget: the last ones, more than half of it, are those of the best few, whose trainings are then long. */
export function roundsOf({ samples, parallel }: Pick<Budget, 'samples' | 'parallel'>): Round[] {
  if (parallel === 1) {
    return [
      { on: 0, start: 1, share: 1 / 2 },
      { on: 1, start: 0, share: 2 / 5 },
      { on: 1, start: 0, share: 1 },
    ];
  }
  const start = Math.max(parallel, Math.min(4 * parallel, Math.floor(samples / 4 / STARTED)));
  const third = Math.max(1, Math.round(start / 3));
  const few = parallel > 2 ? 2 : 1;
  return [
    { on: 0, start, share: 1 / 5 },
    { on: Math.max(2, third), start: third, share: 1 / 4 },
    { on: few, start: 0, share: 1 / 2 },
    { on: few, start: 0, share: 1 },
  ];
}

/** What an arm that goes on in each round may use, where the rounds before it used all they had. */
export function samplesOnOf(budget: Pick<Budget, 'samples' | 'parallel'>): number[] {
  let left = budget.samples;
  return roundsOf(budget).map(({ on, start, share }) => {
    const own = share * left;
    left -= own;
    return (FACTOR * own) / (FACTOR * on + start);
  });
}

/** Turns of a study, by the number of the trial. */
export class Rungs {
  readonly #budget: Budget;
  readonly #known: (trial: number) => Ended;
  /** First trial of each round, and of none behind the last. */
  readonly #first: number[];
  readonly #rounds: Round[];
  readonly #turns: Turn[] = [];

  /** @param known of a trial that ended; asked only for trials below `needs(n)` when turn n is wanted */
  constructor(budget: Budget, known: (trial: number) => Ended) {
    this.#budget = budget;
    this.#known = known;
    this.#rounds = roundsOf(budget);
    this.#first = [budget.given];
    for (const { on, start } of this.#rounds) this.#first.push(this.#first[this.#first.length - 1] + on + start);
  }

  /** Trials that must have ended before turn n is known: 0 .. this - 1. */
  needs(n: number): number {
    const round = this.#roundOf(n);
    return round === 0 ? 0 : this.#first[Math.min(round, this.#rounds.length)];
  }

  /** What trial n is to do; null where the study is over. */
  turn(n: number): Turn | null {
    const { given, trials } = this.#budget;
    if (n >= Math.min(trials, this.#first[this.#rounds.length])) return null;
    if (n < given) return { round: 0, from: null, samples: 0 };
    const round = this.#roundOf(n);
    while (this.#turns.length < this.#first[round + 1] - given) {
      const dealt = this.#deal(this.#roundOf(this.#turns.length + given));
      if (dealt.length === 0) return null;
      this.#turns.push(...dealt);
    }
    return this.#turns[n - given];
  }

  #roundOf(n: number): number {
    return Math.max(
      0,
      this.#first.findLastIndex((first) => n >= first),
    );
  }

  /** All turns of a round; none where nothing more is to be won. */
  #deal(round: number): Turn[] {
    const { on, start, share } = this.#rounds[round];
    const ended = Array.from({ length: this.needs(this.#first[round]) }, (_, t) => ({ trial: t, ...this.#known(t) }));
    if (this.#isOver(ended, round)) return [];
    const left = this.#budget.samples - ended.reduce((sum, t) => sum + t.samples, 0);
    const each = (share * left) / (FACTOR * on + start);
    const best = differing(ended);
    const goOn = Array.from({ length: on }, (_, i): Turn => {
      // Fewer candidates than turns: the best has several.
      const from = best[i % Math.max(1, best.length)]?.trial ?? null;
      return { round, from, samples: FACTOR * each };
    });
    return [...goOn, ...Array.from({ length: start }, (): Turn => ({ round, from: null, samples: each }))];
  }

  /** The goal holds, and the last two rounds brought nothing better, though their arms went on. */
  #isOver(ended: readonly (Ended & { trial: number })[], round: number): boolean {
    if (round < 3) return false;
    const begun = this.#first[round - 2];
    const bestOf = (trials: typeof ended) =>
      Math.min(...trials.map((t) => (t.feasible && t.value !== null ? t.value : Number.POSITIVE_INFINITY)));
    const before = bestOf(ended.filter((t) => t.trial < begun));
    return before < Number.POSITIVE_INFINITY && bestOf(ended.filter((t) => t.trial >= begun)) >= before;
  }
}

/** Trials that came to different candidates, the most promising first. */
function differing(ended: readonly (Ended & { trial: number })[]): { trial: number }[] {
  const seen = new Set<string | null>();
  return [...ended]
    .filter((t) => t.promise !== null)
    .sort((a, b) => a.promise! - b.promise! || a.trial - b.trial)
    .filter(({ node }) => !seen.has(node) && seen.add(node));
}
