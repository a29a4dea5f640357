import { CompressError } from '../errors.ts';
import type { Random } from '../random.ts';
import { contains, type Distribution } from './distribution.ts';
import { crowding, dominates, ranks } from './pareto.ts';
import { losses, type Parameter, type TrialRecord, violation } from './record.ts';
import { type Proposal, randomOf, type Sampler, uniformValue, type View } from './sampler.ts';

export interface EvolutionOptions {
  /** Trials per generation, 20 by default: with a few hundred trials ten generations of 20 do better than four of 50. */
  readonly populationSize?: number;
}

const CROSSOVER = 0.9;

/**
 * NSGA-II (Deb, Pratap, Agarwal and Meyarivan, 2002): parents by binary tournament over rank and crowding, uniform crossover,
 * each parameter drawn afresh with probability 1/D. Feasible beats infeasible, less violation beats more.
 *
 * Every `populationSize` complete trials, in order of number, are a generation; the parents of the next one are the best of that
 * generation and of its own parents.
 *
 * @throws CompressError `bad-option` for a population that is no whole number from 2
 */
export class EvolutionSampler implements Sampler {
  readonly #size: number;

  constructor({ populationSize = 20 }: EvolutionOptions = {}) {
    if (!Number.isSafeInteger(populationSize) || populationSize < 2) {
      throw new CompressError('bad-option', `populationSize ${populationSize} is not a whole number from 2`, 'use 20 to 100');
    }
    this.#size = populationSize;
  }

  propose(view: View): Proposal {
    const parents = this.#parents(view);
    if (parents.length === 0) return new Map();
    const random = randomOf(view, 'evolution');
    const pick = tournament(parents, random);
    const first = pick();
    return mutate(random.uniform() < CROSSOVER ? cross(first, pick(), random) : first.params, random);
  }

  sample(view: View, name: string, distribution: Distribution): number {
    return uniformValue(randomOf(view, `uniform/${name}`), distribution);
  }

  #parents({ finished, directions }: View): Ranked[] {
    const trials = finished.filter((t) => t.state === 'complete').map((t) => toIndividual(t, losses(t.values!, directions)));
    let parents: Ranked[] = [];
    for (let end = this.#size; end <= trials.length; end += this.#size) {
      parents = fittest([...parents, ...trials.slice(end - this.#size, end)], this.#size);
    }
    return parents;
  }
}

interface Individual {
  readonly params: TrialRecord['params'];
  readonly losses: readonly number[];
  readonly violation: number;
}

interface Ranked extends Individual {
  readonly rank: number;
  readonly crowding: number;
}

const toIndividual = (t: TrialRecord, loss: number[]): Individual => ({
  params: t.params,
  losses: loss,
  violation: violation(t),
});

function beats(a: Individual, b: Individual): boolean {
  if (a.violation !== b.violation) return a.violation < b.violation;
  return a.violation === 0 && dominates(a.losses, b.losses);
}

/** The best `count`: whole ranks, then the least crowded of the rank that does not fit. */
function fittest(all: readonly Individual[], count: number): Ranked[] {
  const kept: Ranked[] = [];
  for (const [rank, members] of ranks(
    all.map((t) => t.losses),
    (i, j) => beats(all[i], all[j]),
  ).entries()) {
    const distances = crowding(members.map((i) => all[i].losses));
    const ranked = members.map((i, k) => ({ ...all[i], rank, crowding: distances[k] }));
    if (kept.length + ranked.length > count) ranked.sort((a, b) => (a.crowding === b.crowding ? 0 : b.crowding - a.crowding));
    kept.push(...ranked.slice(0, count - kept.length));
    if (kept.length === count) break;
  }
  return kept;
}

/** Of two drawn at random the one of the better rank, or the less crowded. */
const tournament = (parents: readonly Ranked[], random: Random) => (): Ranked => {
  const a = parents[random.below(parents.length)];
  const b = parents[random.below(parents.length)];
  if (a.rank !== b.rank) return a.rank < b.rank ? a : b;
  return b.crowding > a.crowding ? b : a;
};

/** Each parameter from one parent or the other; one that only one of them has comes from it. */
function cross(a: Individual, b: Individual, random: Random): Map<string, Parameter> {
  const child = new Map<string, Parameter>();
  for (const name of [...new Set([...a.params.keys(), ...b.params.keys()])].sort()) {
    const [first, second] = random.uniform() < 0.5 ? [a, b] : [b, a];
    child.set(name, (first.params.get(name) ?? second.params.get(name))!);
  }
  return child;
}

function mutate(params: ReadonlyMap<string, Parameter>, random: Random): Proposal {
  const child = new Map<string, Parameter>();
  for (const [name, { internal, distribution }] of params) {
    const fresh = random.uniform() < 1 / params.size;
    const value = fresh ? uniformValue(random, distribution) : internal;
    if (contains(distribution, value)) child.set(name, { internal: value, distribution });
  }
  return child;
}
