import { CompressError } from '../errors.ts';
import { importTflite } from '../formats/tflite/index.ts';
import type { Target } from '../mcu/index.ts';
import { betweenEdges } from '../model.ts';
import { outlineOf, type Recipe, stagesOf } from '../pipeline.ts';
import type { Json, RunningTrial, Study } from '../search/index.ts';
import type { TrialRecord } from '../search/record.ts';
import type { Model, Progress } from '../stage.ts';
import { type Artifacts, openStudy, type Storage } from '../study/index.ts';
import type { Heap } from '../wasm/heap.ts';
import type { JobContext } from './job.ts';
import { costOf, type Figures, figuresOf, fits, type Limits, penaltyOf, unmet, violations } from './judge.ts';
import type { Settings } from './options.ts';
import type { Pool } from './pool.ts';
import { SAMPLERS } from './samplers.ts';
import { knownStarts, type Space, suggestStages } from './space.ts';
import { abortion, alarm, STOP } from './stop.ts';
import { factsOf, type TrialFacts, toUserAttrs } from './trial_facts.ts';
import { bestOf, type CompressProgress, isEnded, nearestOf, reportOf, type TrialReport } from './trial_report.ts';

export interface SearchOptions {
  readonly context: JobContext;
  readonly settings: Settings;
  readonly target: Target;
  readonly limits: Limits;
  readonly plain: Figures;
  readonly floor: number;
  /** At most so much accuracy is held back for the standard error of a loss. */
  readonly largestMargin: number;
  /** The model that the search cuts: as given, or simplified. */
  readonly base: Model;
  readonly space: Space;
  readonly heap: Heap;
  readonly study: Study;
  readonly artifacts: Artifacts;
  /** When the work began, ms: the time allowed counts from there. */
  readonly begun: number;
}

/** Trial n is chosen knowing the results of trials 0 .. n - LAG only, so that neither the number of workers nor their speed matters. */
const LAG = 8;
/** Trials without a better one after which a reached goal is good enough. */
const PATIENCE = 40;

/** A trial that was begun. */
type Begun = RunningTrial<Recipe['stages']>;

interface Place {
  readonly storage: Storage;
  readonly resume: boolean;
}

/**
 * The study of a compression, new or gone on with.
 *
 * @param given digests of the model and the data
 * @throws CompressError `bad-option` where it was begun with something else
 */
export function openSearch(
  { storage, resume }: Place,
  { timeMs: _time, trials: _trials, seed, ...settings }: Settings,
  given: Readonly<Record<'model' | 'data', string>>,
): Promise<Study> {
  return openStudy({
    storage,
    name: 'compress',
    resume,
    sampler: SAMPLERS.get(settings.sampler)(),
    seed,
    lag: LAG,
    settings: { ...(JSON.parse(JSON.stringify(settings)) as Record<string, Json>), ...given },
    metricNames: ['cost'],
  });
}

/** Asks, judges and tells. */
export class Search {
  readonly #o: SearchOptions;
  readonly #study: Study;
  readonly #running = new Map<number, Progress>();

  constructor(options: SearchOptions) {
    this.#o = options;
    this.#study = options.study;
  }

  get floor(): number {
    return this.#o.floor;
  }

  async *run(pool: Pool, progress?: (p: CompressProgress) => void, signal?: AbortSignal): AsyncGenerator<TrialReport> {
    const { settings } = this.#o;
    for (const start of knownStarts(this.#o.space)) await this.#study.enqueue(start);
    const end = settings.timeMs === undefined ? Number.POSITIVE_INFINITY : this.#o.begun + settings.timeMs;
    const jobs = new Map<number, Promise<number>>();
    const tell = () =>
      progress?.({ done: this.#finished(), total: settings.trials, best: this.best(), running: this.#runningTrials() });
    const stopped = abortion(signal);
    const clock = Number.isFinite(end) ? alarm(end - performance.now()) : null;
    try {
      for (;;) {
        while (!this.#isOver(end) && jobs.size < pool.size) {
          const job = await this.#start(pool, tell);
          if (job === null) break;
          if (typeof job === 'number') yield this.#report(job);
          else jobs.set(job.number, job.done);
          tell();
        }
        if (jobs.size === 0) return;
        const first = await Promise.race([...jobs.values(), ...(clock && this.#hasModel() ? [clock.done] : []), stopped]);
        if (first === STOP) return;
        jobs.delete(first);
        tell();
        yield this.#report(first);
      }
    } finally {
      clock?.cancel();
    }
  }

  #isOver(end: number): boolean {
    const { trials } = this.#o.settings;
    const started = this.#study.records.filter((t) => t.state !== 'waiting').length;
    const open = this.#study.records.some((t) => t.state === 'running' && !this.#running.has(t.number));
    if (performance.now() >= end && this.#hasModel()) return true;
    return !open && (started >= trials || this.#isStuck(started));
  }

  /** However short the time: something is handed back. */
  #hasModel = (): boolean => this.#study.records.some((t) => factsOf(t)?.state === 'complete');

  /** By the trials the next one knows of, so that the end does not depend on who was faster. */
  #isStuck(started: number): boolean {
    const known = this.#reportsUpTo(started - LAG);
    const best = bestOf(known);
    return best !== null && started - LAG - best.number > PATIENCE;
  }

  /** Starts a trial: its number when it ended at once, else the promise of its end; null while a result that it must know is missing. */
  async #start(pool: Pool, changed: () => void): Promise<number | { number: number; done: Promise<number> } | null> {
    const { context, base, settings, target, heap, space } = this.#o;
    const trial = await this.#study.ask((t) => suggestStages(t, space));
    if (!trial) return null;
    const { number, point: stages } = trial;
    const outline = await outlineOf(base, stagesOf({ stages }), { ...context, heap, original: context.model });
    const expected = outline && figuresOf(betweenEdges(outline), target, settings, null);
    if (expected && (await this.#isRejected(trial, expected))) return number;
    this.#running.set(number, { what: 'start', done: 0, total: 1 });
    const onProgress = (p: Progress) => {
      this.#running.set(number, p);
      changed();
    };
    return { number, done: this.#finish(trial, expected, pool.run(stages, onProgress)) };
  }

  /** Whether a trial cannot fit, or cannot be better than what the search knows; then it has ended. */
  async #isRejected(trial: Begun, figures: Figures): Promise<boolean> {
    const { settings, limits, plain } = this.#o;
    const cost = costOf(figures, plain, settings);
    if (!fits(figures, limits)) {
      await this.#end(trial, { state: 'rejected', figures }, cost + penaltyOf(0, this.floor), violations(figures, limits));
      return true;
    }
    const best = bestOf(this.#reportsUpTo(trial.number - LAG));
    if (!best || cost <= best.objective!) return false;
    await trial.report(cost, 0);
    await this.#end(trial, { state: 'rejected', figures }, null, []);
    return true;
  }

  async #finish(trial: Begun, expected: Figures | null, job: ReturnType<Pool['run']>): Promise<number> {
    // What stages cannot do is a trial that failed; a journal that cannot be written is the end of the search.
    const result = await job.catch((e: unknown) => {
      if (e instanceof CompressError) return e;
      throw e;
    });
    await this.#keep(trial, expected, result);
    this.#running.delete(trial.number);
    return trial.number;
  }

  async #keep(trial: Begun, expected: Figures | null, result: Awaited<ReturnType<Pool['run']>> | CompressError): Promise<void> {
    const { artifacts, target, settings, plain, limits, largestMargin } = this.#o;
    if (result instanceof CompressError) return this.#end(trial, { state: 'failed', error: result.message }, null, []);
    if ('givenUpAt' in result) {
      const accuracy = result.givenUpAt;
      if (expected) await trial.report(costOf(expected, plain, settings) + penaltyOf(accuracy, this.floor), 0);
      return this.#end(trial, { state: 'stopped', ...(expected && { figures: { ...expected, accuracy } }) }, null, []);
    }
    const { tflite, accuracy, error } = result;
    const model = await artifacts.put(tflite);
    const margin = Math.min(error, largestMargin);
    const figures = figuresOf(importTflite(tflite), target, settings, accuracy);
    const value = costOf(figures, plain, settings) + penaltyOf(accuracy - margin, this.floor);
    return this.#end(trial, { state: 'complete', figures, model, margin }, value, violations(figures, limits));
  }

  async #end(
    { number, point: stages }: Begun,
    facts: Omit<TrialFacts, 'stages'>,
    value: number | null,
    constraints: number[],
  ): Promise<void> {
    const state = facts.state === 'failed' ? 'failed' : value === null ? 'pruned' : 'complete';
    await this.#study.tell(number, value, { constraints, state, userAttrs: toUserAttrs({ ...facts, stages }) });
  }

  #finished = (): number => this.#study.records.filter((t) => t.state !== 'waiting' && t.state !== 'running').length;

  #runningTrials = () => [...this.#running].map(([trial, p]) => ({ trial, ...p }));

  #report = (number: number): TrialReport => this.#toReport(this.#study.records[number]);

  #reportsUpTo(last: number): TrialReport[] {
    return this.#study.records.filter((t) => t.number <= last && isEnded(t)).map((t) => this.#toReport(t));
  }

  reports(): TrialReport[] {
    return this.#study.records.filter(isEnded).map((t) => this.#toReport(t));
  }

  best = (): TrialReport | null => bestOf(this.reports());

  #toReport = (t: TrialRecord): TrialReport => reportOf(t, this.#o.limits, this.floor);

  /** The best trial that fits and keeps the accuracy; else the one that comes nearest, so that something is handed back. */
  async choose(): Promise<{ tflite: Uint8Array; trial: TrialReport }> {
    const complete = this.reports().filter((t) => t.state === 'complete');
    const trial = bestOf(complete) ?? nearestOf(complete);
    if (!trial) throw nothingFits(this.#o);
    const name = factsOf(this.#study.records[trial.number])!.model!;
    const tflite = await this.#o.artifacts.get(name);
    if (!tflite) {
      throw new CompressError(
        'bad-file',
        `the model of trial ${trial.number} (${name}) is missing`,
        'start a new study in another folder',
      );
    }
    return { tflite, trial };
  }
}

function nothingFits({ plain, limits, target }: SearchOptions): CompressError {
  const wanted = unmet(plain, limits).map(([what, needs, limit]) => `${needs} of ${what} where ${limit} is the limit`);
  return new CompressError(
    'does-not-fit',
    `nothing that was tried fits ${target.name}${wanted.length ? `: plain int8 needs ${wanted.join(', and ')}` : ''}`,
    'choose a larger target, raise the limits, or give it more trials',
  );
}
