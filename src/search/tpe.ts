import { type Distribution, isDiscrete, isSingle } from './distribution.ts';
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
 * Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kegl, "Algorithms for Hyper-Parameter Optimization", 2011;
 * multivariate with groups as in Optuna 5.0): models where good trials lie, l(x), and where the others lie, g(x), and takes the candidate
 * with the largest l(x) / g(x).
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
    const parts = groups(view.finished);
    for (const part of parts) {
      const values = this.#choose(view, part, parts.length === 1);
      for (const [i, [name, distribution]] of part.entries()) proposal.set(name, { internal: values[i], distribution });
    }
    return proposal;
  }

  sample(view: View, name: string, distribution: Distribution): number {
    if (view.finished.length < this.#startup) return uniformValue(randomOf(view, `uniform/${name}`), distribution);
    return this.#choose(view, [[name, distribution]])[0];
  }

  /** @param fresh prefer what no trial has tried: the part is the whole space, and a second look at a point of a grid tells nothing */
  #choose(view: View, part: readonly Named[], fresh = false): number[] {
    const split = this.#splits.get(view) ?? splitTrials(view);
    this.#splits.set(view, split);
    const distributions = part.map(([, d]) => d);
    const below = observations(split.below, part);
    const above = observations(split.above, part);
    const tried = new Set(fresh && distributions.every(isDiscrete) ? [...rows(below), ...rows(above)].map(String) : []);
    const good = new Parzen(distributions, below);
    const others = new Parzen(distributions, above);
    const random = randomOf(view, `tpe/${part.map(([name]) => name).join('/')}`);
    let best: { x: number[]; isTried: boolean; ratio: number } | undefined;
    for (let i = 0; i < CANDIDATES; i++) {
      const x = good.sample(random);
      const isTried = tried.has(String(x));
      const ratio = good.logDensity(x) - others.logDensity(x);
      if (!best || (best.isTried && !isTried) || (best.isTried === isTried && ratio > best.ratio)) best = { x, isTried, ratio };
    }
    return best!.x;
  }
}

type Named = readonly [name: string, distribution: Distribution];

/** The internal values, parameter by parameter, of the trials that have the whole part, inside the present ranges. */
function observations(trials: readonly Pending[], part: readonly Named[]): number[][] {
  const columns: number[][] = part.map(() => []);
  for (const { params } of trials) {
    let d = 0;
    for (; d < part.length; d++) {
      const [name, range] = part[d];
      const x = params.get(name)?.internal;
      if (x === undefined || (range.kind !== 'categorical' && !(x >= range.low && x <= range.high))) break;
      columns[d].push(x);
    }
    // Take back what a trial gave that lacks the rest.
    if (d < part.length) for (let i = 0; i < d; i++) columns[i].pop();
  }
  return columns;
}

const rows = (columns: readonly number[][]): number[][] => columns[0].map((_, i) => columns.map((column) => column[i]));

/**
 * Parameters that were always used together, part by part: two are in one part when exactly the same trials have them. With
 * conditional spaces that separates what exists always from what exists only sometimes. Ranges are the latest ones.
 */
export function groups(trials: readonly TrialRecord[]): Named[][] {
  const last = new Map<string, TrialRecord>();
  for (const t of trials) last.set(namesOf(t), t);
  const latest = new Map<string, Distribution>();
  const pattern = new Map<string, string>();
  for (const { number, params } of [...last.values()].sort((a, b) => a.number - b.number)) {
    for (const [name, { distribution }] of params) {
      latest.set(name, distribution);
      pattern.set(name, `${pattern.get(name) ?? ''}${number},`);
    }
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

const names = new WeakMap<TrialRecord, string>();

/** The parameters of a finished trial as one text, the same for the same set. */
function namesOf(t: TrialRecord): string {
  const known = names.get(t) ?? JSON.stringify([...t.params.keys()].sort());
  names.set(t, known);
  return known;
}
