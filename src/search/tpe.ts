import { type Distribution, isSingle } from './distribution.ts';
import { Parzen } from './parzen.ts';
import type { Parameter, TrialRecord } from './record.ts';
import { type Pending, type Proposal, randomOf, type Sampler, uniformValue, type View } from './sampler.ts';
import { type Split, splitTrials } from './split.ts';

export interface TpeOptions {
  /** Choose parameters that occur together from one joint density; by default with one objective, and one by one with several. */
  readonly multivariate?: boolean;
  /** Random until so many trials are finished; 10 by default. Fewer where good trials were enqueued to begin with. */
  readonly startup?: number;
}

const STARTUP = 10;
/** Drawn from the good density; the one most typical of good trials and least of the others is kept. */
const CANDIDATES = 24;

/**
 * Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kegl, 2011; multivariate with groups as in Optuna 5.0): models where
 * good trials lie, l(x), and where the others lie, g(x), and takes the candidate with the largest l(x) / g(x).
 */
export class TpeSampler implements Sampler {
  readonly #multivariate: boolean | undefined;
  readonly #startup: number;
  readonly #splits = new WeakMap<View, Split>();

  constructor({ multivariate, startup = STARTUP }: TpeOptions = {}) {
    this.#multivariate = multivariate;
    this.#startup = startup;
  }

  propose(view: View): Proposal {
    const joint = this.#multivariate ?? view.directions.length === 1;
    const proposal = new Map<string, Parameter>();
    if (!joint || view.finished.length < this.#startup) return proposal;
    for (const part of groups(view.finished)) {
      const values = this.#choose(view, part);
      for (const [i, [name, distribution]] of part.entries()) proposal.set(name, { internal: values[i], distribution });
    }
    return proposal;
  }

  sample(view: View, name: string, distribution: Distribution): number {
    if (view.finished.length < this.#startup) return uniformValue(randomOf(view, `uniform/${name}`), distribution);
    return this.#choose(view, [[name, distribution]])[0];
  }

  #choose(view: View, part: readonly Named[]): number[] {
    const split = this.#splits.get(view) ?? splitTrials(view);
    this.#splits.set(view, split);
    const distributions = part.map(([, d]) => d);
    const good = new Parzen(distributions, observations(split.below, part));
    const others = new Parzen(distributions, observations(split.above, part));
    const random = randomOf(view, `tpe/${part.map(([name]) => name).join('/')}`);
    let best: number[] = [];
    let bestRatio = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < CANDIDATES; i++) {
      const x = good.sample(random);
      const ratio = good.logDensity(x) - others.logDensity(x);
      if (i > 0 && !(ratio > bestRatio)) continue;
      best = x;
      bestRatio = ratio;
    }
    return best;
  }
}

type Named = readonly [name: string, distribution: Distribution];

/** The internal values of the trials that have the whole part, inside the present ranges. */
function observations(trials: readonly Pending[], part: readonly Named[]): number[][] {
  const rows: number[][] = [];
  for (const { params } of trials) {
    const row: number[] = [];
    for (const [name, d] of part) {
      const x = params.get(name)?.internal;
      if (x === undefined || (d.kind !== 'categorical' && !(x >= d.low && x <= d.high))) break;
      row.push(x);
    }
    if (row.length === part.length) rows.push(row);
  }
  return rows;
}

/**
 * Parameters that were always used together, part by part: two are in one part when exactly the same trials have them. With
 * conditional spaces that separates what exists always from what exists only sometimes. Ranges are the latest ones.
 */
export function groups(trials: readonly TrialRecord[]): Named[][] {
  const latest = new Map<string, Distribution>();
  const keySets = new Map<string, readonly string[]>();
  for (const { params } of trials) {
    for (const [name, { distribution }] of params) latest.set(name, distribution);
    const names = [...params.keys()].sort();
    keySets.set(JSON.stringify(names), names);
  }
  const pattern = new Map<string, string>();
  for (const [i, names] of [...keySets.values()].entries()) {
    for (const name of names) pattern.set(name, `${pattern.get(name) ?? ''}${i},`);
  }
  const parts = new Map<string, Named[]>();
  for (const name of [...latest.keys()].sort()) {
    const distribution = latest.get(name)!;
    if (isSingle(distribution)) continue;
    const key = pattern.get(name)!;
    parts.set(key, [...(parts.get(key) ?? []), [name, distribution]]);
  }
  return [...parts.values()];
}
