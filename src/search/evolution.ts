import { CompressError } from '../errors.ts';
import type { Random } from '../random.ts';
import { contains, type Distribution } from './distribution.ts';
import { Fold } from './fold.ts';
import { crowding, dominates, ranks } from './pareto.ts';
import { losses, type Parameter, type TrialRecord, violation } from './record.ts';
import { checkNames, type Proposal, randomOf, type Sampler, uniformValue, type View } from './sampler.ts';

export interface EvolutionOptions {
  /** Trials per generation, 20 by default: with a few hundred trials ten generations of 20 do better than four of 50. */
  readonly populationSize?: number;
}

const CROSSOVER = 0.9;
/** So often a child that is a copy of a parent is drawn again. */
const TRIES = 10;

/** Complete trials before the first child. */
const FIRST = 8;

/**
 * NSGA-II (Deb, Pratap, Agarwal and Meyarivan, 2002), one child at a time: parents by binary tournament over rank and crowding, uniform
 * crossover, each parameter drawn afresh with probability 1/D. Feasible beats infeasible, less violation beats more. The parents are the best
 * `populationSize` of all complete trials; random until there are 8.
 *
 * @throws CompressError `bad-option` for a population that is no whole number from 2
 */
export class EvolutionSampler implements Sampler {
  readonly #parents: Fold<Parents>;

  constructor(options: EvolutionOptions = {}) {
    checkNames('EvolutionSampler', options, ['populationSize']);
    const { populationSize = 20 } = options;
    if (!Number.isSafeInteger(populationSize) || populationSize < 2) {
      throw new CompressError('bad-option', `populationSize ${populationSize} is not a whole number from 2`, 'use 20 to 100');
    }
    this.#parents = new Fold<Parents>(
      () => ({ complete: 0, best: [] }),
      ({ complete, best }, t, { directions }) =>
        t.state === 'complete'
          ? { complete: complete + 1, best: fittest([...best, toIndividual(t, directions)], populationSize) }
          : { complete, best },
    );
  }

  propose(view: View): Proposal {
    const { complete, best } = this.#parents.of(view);
    if (complete < FIRST) return new Map();
    const random = randomOf(view, 'evolution');
    const pick = tournament(best, random);
    const child = () => {
      const first = pick();
      return mutate(random.uniform() < CROSSOVER ? cross(first, pick(), random) : first.params, random);
    };
    let proposal = child();
    for (let i = 1; i < TRIES && best.some((t) => isSame(t.params, proposal)); i++) proposal = child();
    return proposal;
  }

  sample(view: View, name: string, distribution: Distribution): number {
    return uniformValue(randomOf(view, `uniform/${name}`), distribution);
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

interface Parents {
  /** Complete trials so far. */
  readonly complete: number;
  readonly best: readonly Ranked[];
}

const toIndividual = (t: TrialRecord, directions: View['directions']): Individual => ({
  params: t.params,
  losses: losses(t.values!, directions),
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

const isSame = (a: TrialRecord['params'], b: Proposal): boolean =>
  a.size === b.size && [...b].every(([name, { internal }]) => a.get(name)?.internal === internal);

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
