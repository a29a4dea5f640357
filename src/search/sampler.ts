import { CompressError } from '../errors.ts';
import { createRandom, type Random } from '../random.ts';
import { type Distribution, fromLine, line } from './distribution.ts';
import type { Direction, Parameter, TrialRecord } from './record.ts';

/** A trial that has not ended, and the parameters it is known to use. */
export interface Pending {
  readonly number: number;
  readonly params: ReadonlyMap<string, Parameter>;
}

/** What one trial may know of the study: fixed when it is asked for, so that what it suggests depends on nothing else. */
export interface View {
  readonly seed: number;
  /** Number of the trial that asks. */
  readonly number: number;
  readonly directions: readonly Direction[];
  /** Complete and pruned trials, in order of number. */
  readonly finished: readonly TrialRecord[];
  /** Trials that are marked as running, in order of number. */
  readonly running: readonly Pending[];
}

/** Values for parameters that the trial is expected to ask for. */
export type Proposal = ReadonlyMap<string, Parameter>;

/** A way to choose parameters. Pure: the same view gives the same values. */
export interface Sampler {
  /** Chooses parameters together, before the trial asks for any. Parameters of the view that are left out are sampled one by one. */
  propose(view: View): Proposal;
  /** Chooses one parameter that was not proposed. @returns the internal value */
  sample(view: View, name: string, distribution: Distribution): number;
}

/** The generator of one trial for one purpose; what one parameter draws never shifts another's. */
export const randomOf = (view: View, purpose: string): Random => createRandom(view.seed, `search/${view.number}/${purpose}`);

/** Uniform over choices, or on the line of `distribution.ts`. */
export function uniformValue(random: Random, d: Distribution): number {
  return d.kind === 'categorical' ? random.below(d.choices.length) : valueAt(random.uniform(), d);
}

/** The value at a share u, 0 <= u < 1, of all values in order. */
export function valueAt(u: number, d: Distribution): number {
  if (d.kind === 'categorical') return Math.floor(u * d.choices.length);
  const { low, high } = line(d);
  return fromLine(d, low + u * (high - low));
}

/** Every parameter uniform, on a log scale where it says so. */
export class RandomSampler implements Sampler {
  propose(): Proposal {
    return new Map();
  }

  sample(view: View, name: string, distribution: Distribution): number {
    return uniformValue(randomOf(view, `uniform/${name}`), distribution);
  }
}

/** @throws CompressError `bad-option` for an option that does not exist */
export function checkNames(what: string, options: object, names: readonly string[]): void {
  const wrong = Object.keys(options).find((name) => !names.includes(name));
  if (wrong === undefined) return;
  throw new CompressError('bad-option', `${what} has no option "${wrong}"`, `use ${names.join(' or ')}`);
}
