import { CompressError } from '../errors.ts';
import type { Choice } from './distribution.ts';
import type { Direction, Json, State } from './record.ts';
import type { Sampler } from './sampler.ts';
import type { TrialStore } from './store.ts';

export interface StudyOptions {
  /** One objective; 'minimize' when neither this nor `directions` is given. */
  readonly direction?: Direction;
  /** Several objectives. */
  readonly directions?: readonly Direction[];
  /** `TpeSampler` by default. */
  readonly sampler?: Sampler;
  /** The same seed and results give the same suggestions; 0 by default. */
  readonly seed?: number;
  /**
   * Trial n is chosen from the results of trials 0 .. n - lag and from no others, finished or not, so that up to `lag` trials run
   * at once and their order of finishing changes nothing. Left out: from all results known when it is asked for.
   */
  readonly lag?: number;
  /** Where its trials are kept; in memory by default. */
  readonly store?: TrialStore;
}

export interface TellOptions {
  /** A value above 0 is a violation. */
  readonly constraints?: readonly number[];
  /** 'complete' by default; 'pruned' when stopped early; 'failed' when there is no result. */
  readonly state?: 'complete' | 'pruned' | 'failed';
  /** Kept with the trial; they do not guide the search. */
  readonly userAttrs?: Readonly<Record<string, Json>>;
}

/** A trial that runs: its parameters are fixed. */
export interface RunningTrial<T> {
  readonly number: number;
  readonly params: Readonly<Record<string, Choice>>;
  /** What the space made of the parameters. */
  readonly point: T;
  /** Reports an intermediate value of the first objective, for example the loss after epoch `step`. @throws CompressError `bad-option` after `tell` */
  report(value: number, step: number): Promise<void>;
  /** Says that the work on it goes on. Where processes share the study, a trial that is silent for long is handed out again. */
  alive(): void;
}

/** The state of a trial. */
export interface TrialResult {
  readonly number: number;
  readonly state: State;
  readonly params: Readonly<Record<string, Choice>>;
  /** The first objective. */
  readonly value: number | null;
  readonly values: readonly number[] | null;
  readonly constraints: readonly number[];
  readonly userAttrs: Readonly<Record<string, Json>>;
}

export function checkOptions(directions: readonly Direction[], seed: number, lag: number | undefined): void {
  const wrong = directions.find((d) => d !== 'minimize' && d !== 'maximize');
  if (directions.length === 0 || wrong !== undefined) {
    throw new CompressError('bad-option', `directions are [${directions}]`, "give 'minimize' or 'maximize' for each objective");
  }
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new CompressError('bad-option', `seed ${seed} is not a whole number from 0`, 'use one');
  if (lag !== undefined && !(Number.isSafeInteger(lag) && lag >= 1)) {
    throw new CompressError('bad-option', `lag ${lag} is not a whole number from 1`, 'use the number of trials that run at once');
  }
}

/** @throws CompressError `bad-option` unless a complete trial has a value for each objective */
export function checkResult(
  number: number,
  given: readonly number[] | null,
  state: TellOptions['state'],
  objectives: number,
): void {
  if (given ? given.length === objectives && given.every((v) => typeof v === 'number') : state !== 'complete') return;
  const got = given ? `${given.length} values [${given}]` : 'no value';
  throw new CompressError(
    'bad-option',
    `trial ${number} got ${got}, but the study has ${objectives} objective(s)`,
    `tell ${objectives} number(s)`,
  );
}

export const outOfRange = (name: string, value: number) =>
  new CompressError('bad-option', `the sampler chose ${value} for "${name}", which is not in its range`, 'mend the sampler');

export const suggestedLate = (number: number, name: string) =>
  new CompressError(
    'bad-option',
    `parameter "${name}" of trial ${number} is asked for after the trial began`,
    'suggest all parameters in the function that ask is given',
  );
