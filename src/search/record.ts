import type { Choice, Distribution } from './distribution.ts';

export type Direction = 'minimize' | 'maximize';

/** `waiting`: enqueued, not yet asked for. A trial ends as complete, pruned (stopped early) or failed. */
export type State = 'waiting' | 'running' | 'complete' | 'pruned' | 'failed';

/** A value as the search holds it: the number itself, or the index of the choice. */
export interface Parameter {
  readonly internal: number;
  readonly distribution: Distribution;
}

/** Anything JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** All that is known of one trial; the study alone writes it. */
export interface TrialRecord {
  readonly number: number;
  state: State;
  /** In the order in which they were suggested. */
  readonly params: Map<string, Parameter>;
  /** Values given when the trial was enqueued, by name. */
  readonly fixed: Readonly<Record<string, Choice>> | null;
  /** One per objective, as given to `tell`; null when failed, or pruned before anything finite was reported. */
  values: readonly number[] | null;
  /** A value above 0 is a violation. */
  constraints: readonly number[];
  /** step -> value, as reported while running. */
  readonly reports: Map<number, number>;
  readonly userAttrs: Map<string, Json>;
}

export const newRecord = (number: number, state: State, fixed: TrialRecord['fixed'] = null): TrialRecord => ({
  number,
  state,
  params: new Map(),
  fixed,
  values: null,
  constraints: [],
  reports: new Map(),
  userAttrs: new Map(),
});

export const isFinished = (t: TrialRecord): boolean => t.state !== 'running' && t.state !== 'waiting';

/** Sum of all violations; 0 when feasible. */
export function violation(t: TrialRecord): number {
  let total = 0;
  for (const c of t.constraints) if (c > 0) total += c;
  return total;
}

/** The values with every objective turned so that smaller is better. */
export const losses = (values: readonly number[], directions: readonly Direction[]): number[] =>
  values.map((v, i) => (directions[i] === 'maximize' ? -v : v));

/** A pruned trial keeps its last reported value, if that is finite. */
export function lastReport(record: TrialRecord): readonly number[] | null {
  if (record.reports.size === 0) return null;
  const value = record.reports.get(Math.max(...record.reports.keys()))!;
  return Number.isFinite(value) ? [value] : null;
}

export function sameFixed(a: Readonly<Record<string, Choice>>, b: Readonly<Record<string, Choice>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}
