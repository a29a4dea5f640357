import { CompressError } from '../errors.ts';
import { type Distribution, isDiscrete, isSingle } from './distribution.ts';
import { EvolutionSampler } from './evolution.ts';
import { Fold } from './fold.ts';
import { Parzen } from './parzen.ts';
import type { Parameter, TrialRecord } from './record.ts';
import { checkNames, type Pending, type Proposal, randomOf, type Sampler, uniformValue, type View } from './sampler.ts';
import { Ranking } from './split.ts';

export interface TpeOptions {
  /** Choose parameters that occur together from one joint density (`true`) or each by itself (`false`); by default in turns. */
  readonly multivariate?: boolean;
  /** Random until this many trials are finished; 10 by default. Fewer where good trials were enqueued to begin with. */
  readonly startup?: number;
}

const STARTUP = 10;
/** Drawn from the good density; the one most typical of good trials and least of the others is kept. */
const CANDIDATES = 24;
/** Every third candidate is drawn whole, the others are good trials in which about such a share of the parameters is new. */
const SHARES = [1, 0.5, 0.25];
/** Finished trials from which on some are children of evolution. */
const CHILDREN_FROM = 20;
/** So many parameters without a grid are many dimensions. */
const MANY = 8;
/** The other density is made of this many trials, the last that are not good: the cost of an `ask` does not grow with the study. */
const OTHERS = 250;

/**
 * Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kegl, "Algorithms for Hyper-Parameter Optimization", 2011): models where
 * good trials lie, l(x), and where the others lie, g(x), and takes the candidate with the largest l(x) / g(x). Running trials count among the
 * others, so that other trials look elsewhere (constant liar).
 *
 * A joint density keeps together what is good together. In many dimensions hardly any change of all parameters at once is an improvement, so
 * that with one objective, unless all is a grid, most candidates change a few (Tolson and Shoemaker, "Dynamically dimensioned search", 2007). What was good apart is put
 * together by other means in turn: in many dimensions every third trial is a child of evolution, with several objectives every second one is
 * chosen parameter by parameter.
 *
 * @throws CompressError `bad-option` for an option that does not exist or cannot be
 */
export class TpeSampler implements Sampler {
  readonly #multivariate: boolean | undefined;
  readonly #startup: number;
  readonly #evolution = new EvolutionSampler();
  readonly #seen = new Fold<Seen>(newSeen, addSeen);

  constructor(options: TpeOptions = {}) {
    checkNames('TpeSampler', options, ['multivariate', 'startup']);
    const { multivariate, startup = STARTUP } = options;
    if (!Number.isSafeInteger(startup) || startup < 1) {
      throw new CompressError('bad-option', `startup ${startup} is not a whole number from 1`, 'use 5 to 20');
    }
    this.#multivariate = multivariate;
    this.#startup = startup;
  }

  propose(view: View): Proposal {
    const proposal = new Map<string, Parameter>();
    if (view.finished.length < this.#startup) return proposal;
    const parts = groups(this.#seen.of(view).latest);
    if (this.#isChild(view, parts)) return this.#evolution.propose(view);
    const together = this.#multivariate ?? (view.directions.length === 1 || view.number % 2 === 0);
    for (const part of parts) {
      // A second trial at the same point of a grid adds no information.
      const isGrid = parts.length === 1 && part.every(([, d]) => isDiscrete(d));
      const tried = isGrid ? this.#tried(view, part) : () => false;
      const apart = together ? null : part.map((one) => this.#choose(view, [one])[0]);
      const values = apart && !tried(apart) ? apart : this.#choose(view, part, tried);
      for (const [i, [name, distribution]] of part.entries()) proposal.set(name, { internal: values[i], distribution });
    }
    return proposal;
  }

  sample(view: View, name: string, distribution: Distribution): number {
    if (view.finished.length < this.#startup) return uniformValue(randomOf(view, `uniform/${name}`), distribution);
    return this.#choose(view, [[name, distribution]])[0];
  }

  #isChild({ directions, finished, number }: View, parts: readonly Named[][]): boolean {
    if (this.#multivariate !== undefined || directions.length > 1 || finished.length < CHILDREN_FROM || number % 3 > 0)
      return false;
    return parts.flat().filter(([, d]) => !isDiscrete(d)).length >= MANY;
  }

  /** @param tried what is taken only where nothing else is drawn */
  #choose(view: View, part: readonly Named[], tried: (x: readonly number[]) => boolean = () => false): number[] {
    const { ranking } = this.#seen.of(view);
    const { trials, weights } = ranking.good();
    const distributions = part.map(([, d]) => d);
    const several = view.directions.length > 1;
    const wide = several && part.length > 1;
    const varies = !several && part.length > 1 && !distributions.every(isDiscrete);
    const found = observations(trials, part);
    const good = new Parzen(distributions, found.columns, { wide, weights: weights && found.used.map((i) => weights[i]) });
    const others = new Parzen(distributions, otherObservations(view, new Set(trials), part), { wide });
    const random = randomOf(view, `tpe/${part.map(([name]) => name).join('/')}`);
    let best: { x: number[]; isTried: boolean; ratio: number } | undefined;
    for (let i = 0; i < CANDIDATES; i++) {
      const share = varies ? SHARES[i % SHARES.length] : 1;
      const x = share < 1 ? good.vary(random, share) : good.sample(random);
      const isTried = tried(x);
      const ratio = good.logDensity(x) - others.logDensity(x);
      if (!best || (best.isTried && !isTried) || (best.isTried === isTried && ratio > best.ratio)) best = { x, isTried, ratio };
    }
    return best!.x;
  }

  /** Whether a trial has used these values of all parameters. */
  #tried(view: View, part: readonly Named[]): (x: readonly number[]) => boolean {
    const { tried } = this.#seen.of(view);
    const running = new Set(view.running.map(rowOf));
    return (x) => {
      const row = String(part.map(([name], i) => `${name}=${x[i]}`));
      return tried.has(row) || running.has(row);
    };
  }
}

/** What is kept of the finished trials. */
interface Seen {
  readonly ranking: Ranking;
  /** The latest trial with each set of parameters. */
  readonly latest: Map<string, TrialRecord>;
  readonly tried: Set<string>;
}

const newSeen = ({ directions }: View): Seen => ({ ranking: new Ranking(directions), latest: new Map(), tried: new Set() });

function addSeen(seen: Seen, t: TrialRecord): Seen {
  seen.ranking.add(t);
  seen.latest.set(JSON.stringify([...t.params.keys()].sort()), t);
  seen.tried.add(rowOf(t));
  return seen;
}

/** All values of a trial that could have been others. */
const rowOf = ({ params }: Pending): string =>
  String(
    [...params.keys()]
      .sort()
      .filter((name) => !isSingle(params.get(name)!.distribution))
      .map((name) => `${name}=${params.get(name)!.internal}`),
  );

type Named = readonly [name: string, distribution: Distribution];

/** The internal values of a trial that has the whole part, inside the present ranges; else null. */
function valuesOf({ params }: Pending, part: readonly Named[]): number[] | null {
  const values: number[] = [];
  for (const [name, range] of part) {
    const x = params.get(name)?.internal;
    if (x === undefined || (range.kind !== 'categorical' && !(x >= range.low && x <= range.high))) return null;
    values.push(x);
  }
  return values;
}

const toColumns = (rows: readonly (readonly number[])[], part: readonly Named[]): number[][] =>
  part.map((_, d) => rows.map((row) => row[d]));

/** @returns columns [parameter][observation], and which trials they are of */
function observations(trials: readonly Pending[], part: readonly Named[]): { columns: number[][]; used: number[] } {
  const rows = trials.map((t) => valuesOf(t, part));
  const used = rows.flatMap((row, i) => (row ? [i] : []));
  const found = used.map((i) => rows[i]!);
  return { columns: toColumns(found, part), used };
}

/** Of the last trials that are not good, running ones among them, in order of number. */
function otherObservations({ finished, running }: View, good: ReadonlySet<Pending>, part: readonly Named[]): number[][] {
  const rows: number[][] = [];
  let [i, j] = [finished.length - 1, running.length - 1];
  while (rows.length < OTHERS && (i >= 0 || j >= 0)) {
    const t = j < 0 || (i >= 0 && finished[i].number > running[j].number) ? finished[i--] : running[j--];
    const row = good.has(t) ? null : valuesOf(t, part);
    if (row) rows.push(row);
  }
  return toColumns(rows.reverse(), part);
}

/**
 * Parameters that were always used together, part by part: two are in one part when exactly the same trials have them. With
 * conditional spaces that separates what exists always from what exists only sometimes. Ranges are the latest ones.
 *
 * @param last the latest trial with each set of parameters
 */
export function groups(last: ReadonlyMap<string, TrialRecord>): Named[][] {
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
