import { CompressError } from '../errors.ts';
import type { Choice } from './distribution.ts';
import type { Direction, Json, State, TrialRecord } from './record.ts';
import type { Sampler } from './sampler.ts';

/** Hears every change of a study, in order and before the study goes on: how a study is kept on disk. */
export interface StudyLog {
  /** A new trial, waiting (with `fixed`) or running. */
  created(trial: TrialRecord): void;
  /** A waiting trial begins. */
  started(trial: TrialRecord): void;
  parameter(trial: TrialRecord, name: string): void;
  reported(trial: TrialRecord, step: number): void;
  userAttr(trial: TrialRecord, key: string): void;
  /** State, values and constraints are final. */
  finished(trial: TrialRecord): void;
}

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
   * Trial n is chosen from the results of trials 0 .. n - lag and from no others, told already or not, so that up to `lag` trials run
   * at once and their order of finishing changes nothing. Left out: from all results told when it is asked for.
   */
  readonly lag?: number;
  readonly log?: StudyLog;
  /** Trials of an earlier process; those still running there are asked for again. */
  readonly records?: readonly TrialRecord[];
}

export interface TellOptions {
  /** A value above 0 is a violation. */
  readonly constraints?: readonly number[];
  /** 'complete' by default; 'pruned' when stopped early; 'failed' when there is no result. */
  readonly state?: 'complete' | 'pruned' | 'failed';
}

/** A trial as it stands. */
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

/** @throws CompressError `bad-option` unless a complete trial is told a value for each of so many objectives */
export function checkTold(number: number, told: readonly number[] | null, state: TellOptions['state'], objectives: number): void {
  if (told ? told.length === objectives && told.every((v) => typeof v === 'number') : state !== 'complete') return;
  const got = told ? `${told.length} values [${told}]` : 'no value';
  throw new CompressError(
    'bad-option',
    `trial ${number} is told ${got}, but the study has ${objectives} objective(s)`,
    `tell ${objectives} number(s)`,
  );
}
