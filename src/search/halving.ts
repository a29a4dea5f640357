import { CompressError } from '../errors.ts';
import { losses } from './record.ts';
import { checkNames } from './sampler.ts';
import type { Study } from './study.ts';
import type { RunningTrial } from './study_options.ts';

export interface HalvingOptions {
  /** One trial in this many is promoted from a rung to the next; 4 by default. */
  readonly factor?: number;
}

/**
 * Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020). Rung k is the k-th budget; who
 * spends what on it is the caller's affair. Trial n is compared with trials 0 .. n - lag only, so that no order of finishing changes a
 * decision. Values are kept as reports of the trials, step = rung: a resumed study decides as before.
 *
 * @throws CompressError `bad-option` for a factor that is no whole number from 2
 */
export class Halving {
  readonly #study: Study;
  readonly #factor: number;

  constructor(study: Study, options: HalvingOptions = {}) {
    checkNames('Halving', options, ['factor']);
    const { factor = 4 } = options;
    if (!Number.isSafeInteger(factor) || factor < 2) {
      throw new CompressError('bad-option', `halving factor ${factor} is not a whole number from 2`, 'use 2 to 4');
    }
    this.#study = study;
    this.#factor = factor;
  }

  /**
   * Whether a trial that reached `rung` with this value of the first objective is to stop there: when it is not among the best
   * 1/factor of those that were there before, or not a number.
   */
  async shouldStop(trial: RunningTrial<unknown>, rung: number, value: number): Promise<boolean> {
    await trial.report(value, rung);
    if (Number.isNaN(value)) return true;
    const { records, lag, directions } = this.#study;
    const lossOf = (v: number) => losses([v], directions)[0];
    const known = records.filter((t) => t.number !== trial.number && (lag === undefined || t.number <= trial.number - lag));
    const others = known.map((t) => t.reports.get(rung)).filter((v) => v !== undefined && !Number.isNaN(v));
    const sorted = [...others.map((v) => lossOf(v!)), lossOf(value)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    return lossOf(value) > sorted[Math.max(Math.floor(sorted.length / this.#factor), 1) - 1];
  }
}
