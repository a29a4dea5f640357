import { CompressError } from '../errors.ts';
import { type Choice, contains, givenValue, isSingle } from './distribution.ts';
import { ParameterKinds } from './parameter_kinds.ts';
import { dominates } from './pareto.ts';
import { type Direction, isFinished, lastReport, losses, type Parameter, type TrialRecord, violation } from './record.ts';
import type { Pending, Sampler, View } from './sampler.ts';
import { Serial } from './serial.ts';
import { MemoryStore, type TrialStore } from './store.ts';
import {
  checkOptions,
  checkResult,
  outOfRange,
  type RunningTrial,
  type StudyOptions,
  suggestedLate,
  type TellOptions,
  type TrialResult,
} from './study_options.ts';
import { TpeSampler } from './tpe.ts';
import { externalParams, Trial, toResult } from './trial.ts';

/**
 * A search by ask and tell: `ask` gives a trial and its parameters, the caller measures it, `tell` takes the result. The same options and
 * results give the same suggestions in every host. Several processes may ask and tell if the store of the study can be shared.
 *
 * @throws CompressError `bad-option` for directions, a seed or a lag that cannot be
 * @example
 * const study = new Study({ direction: 'minimize', seed: 1 });
 * for (let i = 0; i < 100; i++) {
 *   const trial = await study.ask((t) => t.suggestFloat('x', -10, 10));
 *   await study.tell(trial, (trial.point - 2) ** 2);
 * }
 * console.log(study.best);
 */
export class Study {
  readonly directions: readonly Direction[];
  readonly seed: number;
  readonly lag: number | undefined;
  readonly #sampler: Sampler;
  readonly #store: TrialStore;
  readonly #kinds = new ParameterKinds();
  /** The trials that this object has begun and has no result of. */
  readonly #running = new Set<number>();
  readonly #turns = new Serial();
  /** All trials before it have ended. */
  #firstOpen = 0;
  /** Those of them that are complete or pruned. */
  readonly #ended: TrialRecord[] = [];

  constructor(options: StudyOptions = {}) {
    const {
      directions = [options.direction ?? 'minimize'],
      sampler = new TpeSampler(),
      seed = 0,
      lag,
      store = new MemoryStore(),
    } = options;
    checkOptions(directions, seed, lag);
    this.directions = directions;
    this.seed = seed;
    this.lag = lag;
    this.#sampler = sampler;
    this.#store = store;
  }

  /** All trials by number, to be read only. */
  get records(): readonly TrialRecord[] {
    return this.#store.records;
  }

  /** All trials by number, as they are now. */
  get trials(): TrialResult[] {
    return this.records.map(toResult);
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

  /** Reads the results of other processes; `ask` does so by itself. */
  refresh(): Promise<void> {
    return this.#store.refresh();
  }

  /** Until another process may have changed something; null where none can. */
  changed(): Promise<void> | null {
    return this.#store.changed();
  }

  /** Number of the trial that the next `ask` starts, by what was read last. */
  get next(): number {
    return this.#next();
  }

  /**
   * Starts the next trial: one that another process left running, else one that was enqueued, else what the sampler proposes.
   *
   * @param space suggests all parameters of the trial, and may make something of them; it may be called more than once
   * @param may   whether the trial of this number may begin, by the trials that the study then knows
   * @returns null where it may not, and with `lag`, while a result is missing that the trial must know
   * @throws CompressError `bad-option` from the space, see `Trial`
   */
  ask<T>(space: (trial: Trial) => T, may: (number: number) => boolean = () => true): Promise<RunningTrial<T> | null> {
    return this.#turns.run(() => this.#ask(space, may));
  }

  /**
   * Ends a trial. A value or a constraint that is NaN makes it failed.
   *
   * @param trial  the trial, or its number
   * @param values one for each objective; none where the trial was stopped early or failed
   * @returns false where another process, which was handed the same trial, ended it before: then nothing changes
   * @throws CompressError `bad-option` for a trial that is not running, or values that are not as many as the objectives
   */
  async tell(
    trial: number | { readonly number: number },
    values?: number | readonly number[] | null,
    options: TellOptions = {},
  ): Promise<boolean> {
    const number = typeof trial === 'number' ? trial : trial.number;
    this.#checkRunning(number, 'tell every trial once, after ask');
    const given = typeof values === 'number' ? [values] : (values ?? null);
    const { constraints = [], state = 'complete', userAttrs = {} } = options;
    checkResult(number, given, state, this.directions.length);
    const usable = !given?.some(Number.isNaN) && !constraints.some(Number.isNaN);
    this.#running.delete(number);
    const reported = this.directions.length === 1 ? lastReport(this.records[number]) : null;
    return this.#store.end(number, {
      state: usable ? state : 'failed',
      values: !usable || state === 'failed' ? null : (given ?? reported),
      constraints: [...constraints],
      userAttrs,
    });
  }

  /** Has a later trial use these values; parameters not named are sampled. The same values again are one trial. */
  enqueue(params: Readonly<Record<string, Choice>>): Promise<void> {
    return this.#store.enqueue(params);
  }

  /** Releases what the store holds, for example a connection. */
  close(): Promise<void> {
    return this.#store.close();
  }

  async #ask<T>(space: (trial: Trial) => T, may: (number: number) => boolean): Promise<RunningTrial<T> | null> {
    for (;;) {
      await this.#store.refresh();
      const number = this.#next();
      if (this.#misses(number) || !may(number)) return null;
      const params = new Map(this.records[number]?.params);
      const point = this.#suggest(number, params, space);
      if (!(await this.#store.begin(number, params))) continue;
      this.#running.add(number);
      const report = async (value: number, step: number) => {
        this.#checkRunning(number, 'report between ask and tell');
        await this.#store.report(number, step, value);
      };
      return { number, params: externalParams(params), point, report, alive: () => this.#store.alive(number) };
    }
  }

  /** Has the space fill in the parameters. */
  #suggest<T>(number: number, params: Map<string, Parameter>, space: (trial: Trial) => T): T {
    const view = this.#view(number);
    const proposal = this.#sampler.propose(view);
    const fixed = this.records[number]?.fixed ?? {};
    let isOpen = true;
    const trial = new Trial(number, view.finished, params, (name, distribution) => {
      if (!isOpen) throw suggestedLate(number, name);
      this.#kinds.check(name, distribution, this.records);
      if (Object.hasOwn(fixed, name)) return givenValue(name, distribution, fixed[name]);
      if (isSingle(distribution)) return distribution.kind === 'categorical' ? 0 : distribution.low;
      const proposed = proposal.get(name);
      if (proposed && contains(distribution, proposed.internal)) return proposed.internal;
      const sampled = this.#sampler.sample(view, name, distribution);
      if (!contains(distribution, sampled)) throw outOfRange(name, sampled);
      return sampled;
    });
    const point = space(trial);
    isOpen = false;
    return point;
  }

  #candidates(): TrialRecord[] {
    return this.records.filter((t) => t.state === 'complete' && violation(t) === 0);
  }

  /** Number of the trial that the next `ask` starts. */
  #next(): number {
    const { records } = this;
    for (; this.#firstOpen < records.length && isFinished(records[this.#firstOpen]); this.#firstOpen++) {
      if (records[this.#firstOpen].state !== 'failed') this.#ended.push(records[this.#firstOpen]);
    }
    for (let n = this.#firstOpen; n < records.length; n++) {
      const { state } = records[n];
      if (state === 'waiting' || (state === 'running' && !this.#running.has(n) && this.#store.isLeft(n))) return n;
    }
    return records.length;
  }

  /** Whether a result that trial `number` must know is still missing. */
  #misses(number: number): boolean {
    if (this.lag === undefined) return false;
    for (let n = this.#firstOpen; n <= number - this.lag; n++) if (!isFinished(this.records[n])) return true;
    return false;
  }

  /** All that ended before the first open trial was read once; what came after is looked at anew. */
  #view(number: number): View {
    const { records, lag, seed, directions } = this;
    const last = lag === undefined ? Number.POSITIVE_INFINITY : number - lag;
    let count = this.#ended.length;
    while (count > 0 && this.#ended[count - 1].number > last) count--;
    const finished = this.#ended.slice(0, count);
    const running: Pending[] = [];
    for (let n = Math.max(0, Math.min(this.#firstOpen, last + 1)); n < (lag === undefined ? records.length : number); n++) {
      const t = records[n];
      if (n === number || t.state === 'waiting') continue;
      if (n > last || !isFinished(t)) running.push({ number: n, params: t.params });
      else if (t.state !== 'failed') finished.push(t);
    }
    return { seed, number, directions, finished, running };
  }

  #checkRunning(number: number, fix: string): void {
    if (this.#running.has(number)) return;
    const state = this.records[number]?.state ?? 'unknown';
    const reason = state === 'running' ? 'not of this process' : `${state}, not running`;
    throw new CompressError('bad-option', `trial ${number} is ${reason}`, fix);
  }
}
