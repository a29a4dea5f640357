import { CompressError } from '../errors.ts';
import { type Choice, contains, type Distribution, givenValue, isSingle } from './distribution.ts';
import { ParameterKinds } from './parameter_kinds.ts';
import { dominates } from './pareto.ts';
import { type Direction, isFinished, lastReport, losses, newRecord, sameFixed, type TrialRecord, violation } from './record.ts';
import type { Pending, Proposal, Sampler, View } from './sampler.ts';
import {
  checkOptions,
  checkTold,
  type StudyLog,
  type StudyOptions,
  type TellOptions,
  type TrialResult,
} from './study_options.ts';
import { TpeSampler } from './tpe.ts';
import { Trial, type TrialHost, toResult } from './trial.ts';

/**
 * A search by ask and tell: `ask` gives a trial, the caller lets it suggest parameters and measures it, `tell` takes the result. The same
 * options and results give the same suggestions in every host.
 *
 * @throws CompressError `bad-option` for directions, a seed or a lag that cannot be
 * @example
 * const study = new Study({ direction: 'minimize', seed: 1 });
 * for (let i = 0; i < 100; i++) {
 *   const trial = study.ask();
 *   study.tell(trial, (trial.suggestFloat('x', -10, 10) - 2) ** 2);
 * }
 * console.log(study.best);
 */
export class Study {
  readonly directions: readonly Direction[];
  readonly seed: number;
  readonly lag: number | undefined;
  readonly #sampler: Sampler;
  readonly #log: StudyLog | undefined;
  readonly #records: TrialRecord[];
  readonly #kinds = new ParameterKinds();
  /** What running trials of this process were asked with. */
  readonly #asked = new Map<number, { view: View; proposal: Proposal }>();

  constructor(options: StudyOptions = {}) {
    const {
      directions = [options.direction ?? 'minimize'],
      sampler = new TpeSampler(),
      seed = 0,
      lag,
      log,
      records = [],
    } = options;
    checkOptions(directions, seed, lag);
    this.directions = directions;
    this.seed = seed;
    this.lag = lag;
    this.#sampler = sampler;
    this.#log = log;
    this.#records = [...records];
    for (const record of records) {
      for (const [name, { distribution }] of record.params) this.#kinds.check(name, distribution);
    }
  }

  /** All trials by number: the study's own records, to be read only. */
  get records(): readonly TrialRecord[] {
    return this.#records;
  }

  /** All trials by number, as they stand. */
  get trials(): TrialResult[] {
    return this.#records.map(toResult);
  }

  /** Whether `ask` can answer now; false only with `lag`, while a result that the next trial must know is missing. */
  get ready(): boolean {
    return this.#missing(this.#next()) === undefined;
  }

  /**
   * The complete, feasible trial with the best value, the earliest of equals; null while there is none.
   *
   * @throws CompressError `bad-option` with several objectives
   */
  get best(): TrialResult | null {
    if (this.directions.length > 1) {
      throw new CompressError(
        'bad-option',
        `no single trial is best for ${this.directions.length} objectives`,
        'read paretoFront',
      );
    }
    let best: TrialRecord | undefined;
    for (const t of this.#candidates()) {
      if (!best || losses(t.values!, this.directions)[0] < losses(best.values!, this.directions)[0]) best = t;
    }
    return best ? toResult(best) : null;
  }

  /** The complete, feasible trials that no other one dominates, by number. */
  get paretoFront(): TrialResult[] {
    const points = this.#candidates().map((t) => ({ t, loss: losses(t.values!, this.directions) }));
    return points.filter((p) => !points.some((q) => dominates(q.loss, p.loss))).map((p) => toResult(p.t));
  }

  /**
   * Starts the next trial: first what an earlier process left running, then what was enqueued, then what the sampler proposes.
   *
   * @throws CompressError `bad-option` with `lag`, while a result that this trial must know is missing (see `ready`)
   */
  ask(): Trial {
    const number = this.#next();
    const missing = this.#missing(number);
    if (missing !== undefined) {
      throw new CompressError(
        'bad-option',
        `trial ${number} needs the result of trial ${missing}, which is not told yet`,
        `tell trial ${missing} first (study.ready says when ask can answer), or raise lag above ${this.lag}`,
      );
    }
    let record = this.#records[number];
    const view = this.#view(number);
    const proposal = this.#sampler.propose(view);
    if (!record) {
      record = newRecord(number, 'running');
      this.#records.push(record);
      this.#log?.created(record);
    } else if (record.state === 'waiting') {
      record.state = 'running';
      this.#log?.started(record);
    }
    this.#asked.set(number, { view, proposal });
    return new Trial(this.#host, record);
  }

  /**
   * Ends a trial. A value or a constraint that is NaN makes it failed.
   *
   * @param values one for each objective; none where the trial was stopped early or failed
   * @throws CompressError `bad-option` for a trial that is not running, or values that are not as many as the objectives
   */
  tell(trial: Trial | number, values?: number | readonly number[] | null, options: TellOptions = {}): void {
    const number = typeof trial === 'number' ? trial : trial.number;
    const record = this.#records[number];
    if (!record || !this.#asked.has(number)) {
      const state = record ? record.state : 'unknown';
      throw new CompressError('bad-option', `trial ${number} is ${state}, not running`, 'tell every trial once, after ask');
    }
    const told = typeof values === 'number' ? [values] : (values ?? null);
    const { constraints = [], state = 'complete' } = options;
    checkTold(number, told, state, this.directions.length);
    const usable = !told?.some(Number.isNaN) && !constraints.some(Number.isNaN);
    record.state = usable ? state : 'failed';
    record.constraints = [...constraints];
    record.values = record.state === 'failed' ? null : (told ?? (this.directions.length === 1 ? lastReport(record) : null));
    this.#asked.delete(number);
    this.#log?.finished(record);
  }

  /** Has a later trial use these values; parameters not named are sampled. The same values again are one trial. */
  enqueue(params: Readonly<Record<string, Choice>>): void {
    if (this.#records.some((t) => t.fixed && sameFixed(t.fixed, params))) return;
    const record = newRecord(this.#records.length, 'waiting', { ...params });
    this.#records.push(record);
    this.#log?.created(record);
  }

  readonly #host: TrialHost = {
    choose: (record, name, distribution) => {
      this.#checkRunning(record, `parameter "${name}" is asked for`);
      this.#checkInTime(record.number, name);
      this.#kinds.check(name, distribution);
      const internal = this.#choose(record, name, distribution);
      record.params.set(name, { internal, distribution });
      this.#log?.parameter(record, name);
      return internal;
    },
    report: (record, step, value) => {
      this.#checkRunning(record, `step ${step} is reported`);
      record.reports.set(step, value);
      this.#log?.reported(record, step);
    },
    setUserAttr: (record, key, value) => {
      this.#checkRunning(record, `attribute "${key}" is set`);
      record.userAttrs.set(key, value);
      this.#log?.userAttr(record, key);
    },
  };

  #choose(record: TrialRecord, name: string, distribution: Distribution): number {
    if (record.fixed && Object.hasOwn(record.fixed, name)) return givenValue(name, distribution, record.fixed[name]);
    if (isSingle(distribution)) return distribution.kind === 'categorical' ? 0 : distribution.low;
    const { view, proposal } = this.#asked.get(record.number)!;
    const proposed = proposal.get(name);
    if (proposed && contains(distribution, proposed.internal)) return proposed.internal;
    return this.#sampler.sample(view, name, distribution);
  }

  #candidates(): TrialRecord[] {
    return this.#records.filter((t) => t.state === 'complete' && violation(t) === 0);
  }

  /** Number of the trial that the next `ask` starts. */
  #next(): number {
    const open = this.#records.find((t) => !isFinished(t) && !this.#asked.has(t.number));
    return open?.number ?? this.#records.length;
  }

  /** The first trial whose result trial `number` must know and nobody told. */
  #missing(number: number): number | undefined {
    const { lag } = this;
    if (lag === undefined) return undefined;
    return this.#records.find((t) => t.number <= number - lag && !isFinished(t))?.number;
  }

  #view(number: number): View {
    const finished: TrialRecord[] = [];
    const running: Pending[] = [];
    for (const t of this.#records) {
      if (t.number === number || t.state === 'waiting' || (this.lag !== undefined && t.number > number)) continue;
      const known = this.lag === undefined ? isFinished(t) : t.number <= number - this.lag;
      if (!known) running.push({ number: t.number, params: this.#pendingParams(t) });
      else if (t.state !== 'failed') finished.push(t);
    }
    return { seed: this.seed, number, directions: this.directions, finished, running };
  }

  /** With `lag` every parameter has been suggested by now; without, what was proposed counts too. */
  #pendingParams(t: TrialRecord): Pending['params'] {
    const proposal = this.lag === undefined && this.#asked.get(t.number)?.proposal;
    return proposal ? new Map([...proposal, ...t.params]) : t.params;
  }

  #checkRunning(record: TrialRecord, what: string): void {
    if (record.state === 'running') return;
    throw new CompressError('bad-option', `${what} after trial ${record.number} was told`, 'do it between ask and tell');
  }

  /** A later trial has already been chosen in the belief that this one's parameters were all known. */
  #checkInTime(number: number, name: string): void {
    if (this.lag === undefined || !this.#records.some((t) => t.number > number && t.state !== 'waiting')) return;
    throw new CompressError(
      'bad-option',
      `parameter "${name}" of trial ${number} is asked for after trial ${number + 1} was started`,
      'with lag, suggest all parameters of a trial before asking for the next one',
    );
  }
}
