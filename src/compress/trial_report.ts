import type { Recipe } from '../pipeline.ts';
import type { TrialRecord } from '../search/record.ts';
import type { Progress } from '../stage.ts';
import { type Figures, fits, type Limits } from './judge.ts';
import { factsOf, type TrialFacts } from './trial_facts.ts';

/** One trial that ended. */
export interface TrialReport {
  readonly number: number;
  /** `rejected`: it could not fit, or could not be better even with full accuracy, so it was never trained. `stopped`: given up half-way. */
  readonly state: TrialFacts['state'];
  readonly stages: Recipe['stages'];
  /** Accuracy of the validation part. */
  readonly figures: Figures | null;
  /** What the search lowers. */
  readonly objective: number | null;
  /** Whether it fits and keeps the accuracy on the validation part even when that is a standard error too high. */
  readonly feasible: boolean;
  /** Why it failed. */
  readonly failure?: string;
}

export interface CompressProgress {
  /** Trials finished, and the most there will be. */
  readonly done: number;
  readonly total: number;
  readonly best: TrialReport | null;
  /** What each running trial is doing. */
  readonly running: readonly (Progress & { readonly trial: number })[];
}

/** As it stands in the study's journal, judged by what must fit and the accuracy to keep. */
export function reportOf(t: TrialRecord, limits: Limits, floor: number): TrialReport {
  const { state, stages, figures = null, margin = 0, error } = factsOf(t) ?? { state: 'failed', stages: [] };
  const feasible = state === 'complete' && figures !== null && fits(figures, limits) && figures.accuracy! - margin >= floor;
  return {
    number: t.number,
    state,
    stages,
    figures,
    objective: t.values?.[0] ?? null,
    feasible,
    ...(error && { failure: error }),
  };
}

export const isEnded = (t: TrialRecord) => t.state !== 'running' && t.state !== 'waiting';

export function bestOf(reports: readonly TrialReport[]): TrialReport | null {
  const feasible = reports.filter((t) => t.feasible);
  return feasible.reduce<TrialReport | null>((best, t) => (best === null || t.objective! < best.objective! ? t : best), null);
}

export function nearestOf(reports: readonly TrialReport[]): TrialReport | null {
  return reports.reduce<TrialReport | null>((best, t) => (best === null || t.objective! < best.objective! ? t : best), null);
}
