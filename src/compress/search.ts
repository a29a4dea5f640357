import { type Code, CompressError } from '../errors.ts';
import type { RunningTrial, Study, Trial } from '../search/index.ts';
import { isFinished, type TrialRecord } from '../search/record.ts';
import type { Progress } from '../stage.ts';
import type { Job } from './job.ts';
import { type Goal, promiseOf } from './judge.ts';
import type { Kept } from './kept.ts';
import { violations } from './limits.ts';
import type { Pool } from './pool.ts';
import { type Ended, Rungs, type Turn } from './rungs.ts';
import { knownStarts } from './starts.ts';
import { type NodeName, type Plan, type Space, suggestAgain, suggestStart } from './steps.ts';
import {
  bestOf,
  type CompressProgress,
  factsOf,
  isEnded,
  reportOf,
  type TrialFacts,
  type TrialReport,
  toUserAttrs,
} from './tree.ts';
import { abortion, alarm } from './waiting.ts';

export interface SearchOptions {
  readonly goal: Goal;
  readonly space: Space;
  /** Of the train part. */
  readonly examples: number;
  readonly study: Study;
  readonly kept: Kept;
  /** When the work began, ms: the time allowed counts from there. */
  readonly begun: number;
}

/** A trial that was begun: what it is to do. */
interface Begun {
  readonly turn: Turn;
  /** null: the given recipe is tried unchanged. */
  readonly plan: Plan | null;
  /** Which of the nodes left by the trial it continues from. */
  readonly node: NodeName;
}

/** Share of a lost score that an arm which continues is expected to win back. */
const WON_BACK = 0.5;

/** Why an arm was stopped: it is told as one that failed, which changes nothing where the trial has ended. */
const GIVEN_UP = new CompressError('interrupted', 'another process has ended the trial', 'nothing is to be done');

/** What no other trial would escape either. */
const ENDS: readonly Code[] = ['bad-file', 'cannot-write'];

/** The result of waiting for a trial when the time limit came first, or news of other processes. */
const STOP = -1;
const OTHERS = -2;

/** Asks for trials, judges them, and tells the study. */
export class Search {
  readonly #o: SearchOptions;
  readonly #study: Study;
  readonly #rungs: Rungs;
  readonly #running = new Map<number, Progress>();
  /** What stops arms that work. */
  readonly #arms = new Map<number, AbortController>();
  #endedByClock = false;

  constructor(options: SearchOptions) {
    this.#o = options;
    this.#study = options.study;
    const { samples, parallel, trials = Number.POSITIVE_INFINITY, recipe } = options.goal.settings;
    this.#rungs = new Rungs({ samples, parallel, trials, given: recipe ? 1 : 0 }, (t) => this.#ended(t));
  }

  async *run(pool: Pool, progress?: (p: CompressProgress) => void, signal?: AbortSignal): AsyncGenerator<TrialReport> {
    const { goal, space, examples, begun } = this.#o;
    const { timeMs, recipe, starts } = goal.settings;
    if (recipe) await this.#study.enqueue({});
    for (const start of starts ? knownStarts(space, goal.settings, examples) : []) await this.#study.enqueue(start);
    const end = timeMs === undefined ? Number.POSITIVE_INFINITY : begun + timeMs;
    const jobs = new Map<number, Promise<number>>();
    const reported = new Set(this.reports().map((t) => t.number));
    const tell = () => progress?.(this.progress());
    const stopped = abortion(signal);
    const clock = Number.isFinite(end) ? alarm(end - performance.now(), STOP) : null;
    try {
      for (;;) {
        while (jobs.size < pool.size && !this.#isOver(end)) {
          const job = await this.#start(pool, tell);
          if (job === null) break;
          jobs.set(job.number, job.done);
          tell();
        }
        const others = jobs.size > 0 || this.#isWaitedFor(end) ? this.#study.changed()?.then(() => OTHERS) : undefined;
        if (jobs.size === 0 && !others) return;
        const first = await Promise.race([
          ...jobs.values(),
          ...(others ? [others] : []),
          ...(clock ? [clock.done] : []),
          stopped,
        ]);
        if (first === STOP) {
          this.#endedByClock = true;
          return;
        }
        if (first === OTHERS) await this.#study.refresh();
        this.#giveUp();
        jobs.delete(first);
        tell();
        const fresh = this.reports().filter((t) => !reported.has(t.number));
        for (const t of fresh) reported.add(t.number);
        yield* fresh;
      }
    } finally {
      clock?.cancel();
    }
  }

  #isOver(end: number): boolean {
    const { records, next } = this.#study;
    // A trial that another process left running comes first, even beyond the budget.
    const left = records[next]?.state === 'running';
    if (!left && this.#isKnown(next) && this.#rungs.turn(next) === null) return true;
    if (performance.now() < end) return false;
    this.#endedByClock = true;
    return true;
  }

  /** Whether trials of other processes are to end before this one goes on, or is done. */
  #isWaitedFor(end: number): boolean {
    const { records } = this.#study;
    const theirs = records.filter((t) => t.state === 'running' && !this.#running.has(t.number));
    return performance.now() < end && theirs.some((t) => this.#mayBegin(t.number) || !this.#isKnown(t.number));
  }

  /** Whether the time allowed has ended it, with work left. */
  get endedByClock(): boolean {
    return this.#endedByClock;
  }

  /** Whether all has ended that trial n must know. */
  #isKnown = (n: number): boolean => this.#study.records.slice(0, this.#rungs.needs(n)).every(isEnded);

  /** Whether trial n has a turn, and all has ended that it must know: other processes may have brought the study on since it was looked at last. */
  #mayBegin = (n: number): boolean => this.#isKnown(n) && this.#rungs.turn(n) !== null;

  /** Starts a trial; null while a result that it must know is missing. */
  async #start(pool: Pool, changed: () => void): Promise<{ number: number; done: Promise<number> } | null> {
    const trial = await this.#study.ask(
      (t) => this.#taskOf(t),
      (n) => this.#mayBegin(n),
    );
    if (!trial) return null;
    const { number } = trial;
    this.#running.set(number, { what: 'start', done: 0, total: 1 });
    const onProgress = (p: Progress) => {
      this.#running.set(number, p);
      trial.alive();
      changed();
    };
    const arm = new AbortController();
    this.#arms.set(number, arm);
    return { number, done: this.#finish(trial, pool.run(await this.#jobOf(trial), onProgress, arm.signal)) };
  }

  /** Stops arms whose trials another process has ended: this one could not be reached, or hangs. */
  #giveUp(): void {
    for (const [number, arm] of this.#arms) if (isFinished(this.#study.records[number])) arm.abort(GIVEN_UP);
  }

  /** By the parameters of a trial, and by the trials that it may know. */
  #taskOf(trial: Trial): Begun {
    const turn = this.#rungs.turn(trial.number);
    if (!turn) throw new Error(`trial ${trial.number} has no turn`);
    const { goal, space } = this.#o;
    if (goal.settings.recipe && trial.number === 0) return { turn, plan: null, node: 'candidate' };
    if (turn.from === null) return { turn, plan: suggestStart(trial, space), node: 'candidate' };
    const { plan } = factsOf(this.#study.records[turn.from])!;
    return { turn, ...suggestAgain(trial, space, plan ? (plan as unknown as Plan) : suggestStart(trial, space)) };
  }

  async #jobOf({ number, point: { turn, plan, node } }: RunningTrial<Begun>): Promise<Job> {
    if (plan === null) return { recipe: this.#o.goal.settings.recipe! };
    const best = bestOf(this.reports().filter((t) => t.number < this.#rungs.needs(number)));
    const from = turn.from === null ? null : await this.#o.kept.node(this.#nodeOwner(turn.from, node), node);
    return { plan, from, samples: turn.samples, toBeat: best?.objective ?? null };
  }

  /** The trial that a node comes from: where one left none that holds the goal, the nearest on its way that did. */
  #nodeOwner(from: number, node: NodeName): TrialRecord {
    const { records } = this.#study;
    for (let n: number | null = from; node === 'held' && n !== null; n = factsOf(records[n])!.from) {
      if (factsOf(records[n])!.held) return records[n];
    }
    return records[from];
  }

  async #finish(trial: RunningTrial<Begun>, job: ReturnType<Pool['run']>): Promise<number> {
    // What stages cannot do is a trial that failed; data that is gone, or a journal that cannot be written, is the end of the search.
    const result = await job.catch((e: unknown) => {
      if (e instanceof CompressError && !ENDS.includes(e.code)) return e;
      throw e;
    });
    this.#arms.delete(trial.number);
    const { from, round } = trial.point.turn;
    if (result instanceof CompressError) {
      const facts: TrialFacts = { state: 'failed', from, round, samples: 0, macs: 0, stages: [], error: result.message };
      await this.#study.tell(trial.number, null, { state: 'failed', userAttrs: toUserAttrs(facts) });
    } else {
      const facts = await this.#o.kept.facts(result, { from, round, plan: trial.point.plan as unknown as TrialFacts['plan'] });
      const { figures, value } = result.candidate;
      const constraints = violations(figures, this.#o.goal.limits);
      await this.#study.tell(trial.number, value, { constraints, userAttrs: toUserAttrs(facts) });
    }
    this.#running.delete(trial.number);
    return trial.number;
  }

  #ended(trial: number): Ended {
    const record = this.#study.records[trial];
    const { objective, feasible, samples } = this.#toReport(record);
    const { figures, margin, model } = factsOf(record) ?? {};
    const promise = figures ? promiseOf(figures, margin!, WON_BACK, this.#o.goal) : null;
    return { value: objective, promise, feasible, samples, node: model ?? null };
  }

  #samples = (): number => this.reports().reduce((n, t) => n + t.samples, 0);

  /** What all trials together have done, and what each that runs is doing. */
  progress(): CompressProgress {
    const { settings, standard } = this.#o.goal;
    const done = Math.round(this.#samples());
    const running = this.#runningTrials();
    return { done, total: settings.samples, best: bestOf(this.reports()), metric: standard.asked.metric, running };
  }

  #runningTrials = () => [...this.#running].map(([trial, p]) => ({ trial, ...p }));

  reports(): TrialReport[] {
    return this.#study.records.filter(isEnded).map((t) => this.#toReport(t));
  }

  #toReport = (t: TrialRecord): TrialReport => reportOf(t, this.#o.goal);
}
