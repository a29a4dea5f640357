import { CompressError } from '../errors.ts';
import {
  type Choice,
  categories,
  compatible,
  contains,
  type Distribution,
  numberRange,
  type RangeOptions,
  toExternal,
} from './distribution.ts';
import type { Parameter, TrialRecord } from './record.ts';
import type { TrialResult } from './study_options.ts';

/** Chooses a parameter that the trial does not have yet. @returns the internal value */
export type Choose = (name: string, distribution: Distribution) => number;

/** A trial while its parameters are being chosen. Each comes into being as it is suggested, so that one may depend on another. */
export class Trial {
  /** Counts from 0 within the study. */
  readonly number: number;
  /** The trials whose results this one may know, complete and pruned, by number: with `lag` the same whoever runs it, and when. To be read only. */
  readonly known: readonly TrialRecord[];
  readonly #choose: Choose;
  readonly #params: Map<string, Parameter>;

  constructor(number: number, known: readonly TrialRecord[], params: Map<string, Parameter>, choose: Choose) {
    this.number = number;
    this.known = known;
    this.#params = params;
    this.#choose = choose;
  }

  /** The parameters suggested so far. */
  get params(): Record<string, Choice> {
    return externalParams(this.#params);
  }

  /**
   * A number in [low, high]; on a log scale with `log`, on the grid low + k step with `step`.
   *
   * @throws CompressError `bad-option` for a range that cannot be, or another kind or scale than the name had before
   */
  suggestFloat(name: string, low: number, high: number, options: RangeOptions = {}): number {
    return this.#suggest(name, numberRange(name, 'float', low, high, options)) as number;
  }

  /**
   * An integer in [low, high]; on a log scale with `log`, on the grid low + k step with `step`.
   *
   * @throws CompressError `bad-option`, as `suggestFloat`
   */
  suggestInt(name: string, low: number, high: number, options: RangeOptions = {}): number {
    return this.#suggest(name, numberRange(name, 'int', low, high, options)) as number;
  }

  /**
   * One of the choices, which have no order.
   *
   * @throws CompressError `bad-option` for no choices, equal ones, or others than the name had before
   */
  suggestCategorical<const T extends Choice>(name: string, choices: readonly T[]): T {
    return this.#suggest(name, categories(name, choices)) as T;
  }

  #suggest(name: string, distribution: Distribution): Choice {
    const known = this.#params.get(name);
    if (!known) {
      const internal = this.#choose(name, distribution);
      this.#params.set(name, { internal, distribution });
      return toExternal(distribution, internal);
    }
    if (!compatible(known.distribution, distribution) || !contains(distribution, known.internal)) {
      throw new CompressError(
        'bad-option',
        `parameter "${name}" of trial ${this.number} is ${JSON.stringify(toExternal(known.distribution, known.internal))}, which the range now given does not allow`,
        'suggest a parameter once per trial, or each time with the same range',
      );
    }
    return toExternal(distribution, known.internal);
  }
}

export function externalParams(all: ReadonlyMap<string, Parameter>): Record<string, Choice> {
  const params: Record<string, Choice> = {};
  for (const [name, { internal, distribution }] of all) params[name] = toExternal(distribution, internal);
  return params;
}

export const toResult = (t: TrialRecord): TrialResult => ({
  number: t.number,
  state: t.state,
  params: externalParams(t.params),
  value: t.values?.[0] ?? null,
  values: t.values,
  constraints: t.constraints,
  userAttrs: Object.fromEntries(t.userAttrs),
});
