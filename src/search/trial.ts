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
import type { Json, TrialRecord } from './record.ts';
import type { TrialResult } from './study_options.ts';

/** What a trial asks of its study. */
export interface TrialHost {
  /** Chooses and keeps a parameter that the trial does not have yet. @returns the internal value */
  choose(record: TrialRecord, name: string, distribution: Distribution): number;
  report(record: TrialRecord, step: number, value: number): void;
  setUserAttr(record: TrialRecord, key: string, value: Json): void;
}

/** One set of parameters being tried. Parameters come into being as they are suggested, so that one may depend on another. */
export class Trial {
  readonly #host: TrialHost;
  readonly #record: TrialRecord;

  constructor(host: TrialHost, record: TrialRecord) {
    this.#host = host;
    this.#record = record;
  }

  /** Counts from 0 within the study. */
  get number(): number {
    return this.#record.number;
  }

  /** The parameters suggested so far. */
  get params(): Record<string, Choice> {
    return externalParams(this.#record);
  }

  /**
   * A number in [low, high]; on a log scale with `log`, on the grid low + k step with `step`.
   *
   * @throws CompressError `bad-option` for a range that cannot be, another kind or scale than the name had before, or after `tell`
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
   * @throws CompressError `bad-option` for no choices, equal ones, or others than the name had before, or after `tell`
   */
  suggestCategorical<const T extends Choice>(name: string, choices: readonly T[]): T {
    return this.#suggest(name, categories(name, choices)) as T;
  }

  /** Tells an intermediate value of the first objective, for example the loss after epoch `step`. @throws CompressError `bad-option` after `tell` */
  report(value: number, step: number): void {
    this.#host.report(this.#record, step, value);
  }

  /** Keeps any JSON value with the trial; it does not guide the search. @throws CompressError `bad-option` after `tell` */
  setUserAttr(key: string, value: Json): void {
    this.#host.setUserAttr(this.#record, key, value);
  }

  #suggest(name: string, distribution: Distribution): Choice {
    const known = this.#record.params.get(name);
    if (!known) return toExternal(distribution, this.#host.choose(this.#record, name, distribution));
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

function externalParams(record: TrialRecord): Record<string, Choice> {
  const params: Record<string, Choice> = {};
  for (const [name, { internal, distribution }] of record.params) params[name] = toExternal(distribution, internal);
  return params;
}

export const toResult = (t: TrialRecord): TrialResult => ({
  number: t.number,
  state: t.state,
  params: externalParams(t),
  value: t.values?.[0] ?? null,
  values: t.values,
  constraints: t.constraints,
  userAttrs: Object.fromEntries(t.userAttrs),
});
