import { CompressError } from '../errors.ts';
import type { Json, RunningTrial, Study, Trial } from '../search/index.ts';
import type { TrialRecord } from '../search/record.ts';
import type { Progress } from '../stage.ts';
import { type Artifacts, openStudy, type Storage } from '../study/index.ts';
import type { ArmResult, Job, Node } from './job.ts';
import type { Checkable, LastCheck } from './check.ts';
import { type Figures, type Goal, violations } from './judge.ts';
import type { Settings } from './options.ts';
import type { Pool } from './pool.ts';
import type { Plain } from './prepare.ts';
import { type Ended, Rungs, type Turn } from './rungs.ts';
import { SAMPLERS } from './samplers.ts';
import { knownStarts, type NodeName, type Plan, type Space, type Stages, suggestAgain, suggestStart } from './steps.ts';
import {
  bestOf,
  type CompressProgress,
  factsOf,
  isEnded,
  isFeasible,
  reportOf,
  type TrialFacts,
  type TrialReport,
  toUserAttrs,
} from './tree.ts';

export interface SearchOptions {
  readonly goal: Goal;
  readonly space: Space;
  /** Stages to the root of the tree. */
  readonly first: Stages;
  readonly study: Study;
  readonly artifacts: Artifacts;
  /** When the work began, ms: the time allowed counts from there. */
  readonly begun: number;
}

interface Place {
  readonly storage: Storage;
  readonly resume: boolean;
}

/**
 * The study of a compression, new or resumed.
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
    lag: settings.parallel,
    settings: { ...(JSON.parse(JSON.stringify(settings)) as Record<string, Json>), ...given },
    metricNames: ['value'],
  });
}

/** A trial that was begun: what it is to do. */
interface Begun {
  readonly turn: Turn;
  /** null: the given recipe is tried unchanged. */
  readonly plan: Plan | null;
  /** Which of the nodes left by the trial it continues from. */
  readonly node: NodeName;
}

/** The result of waiting for a trial when the time limit came first. */
const STOP = -1;

/** Asks for trials, judges them, and tells the study. */
export class Search {
  readonly #o: SearchOptions;
  readonly #study: Study;
  readonly #rungs: Rungs;
  readonly #running = new Map<number, Progress>();
  #endedByClock = false;

  constructor(options: SearchOptions) {
    this.#o = options;
    this.#study = options.study;
    const { samples, parallel, trials = Number.POSITIVE_INFINITY, recipe } = options.goal.settings;
    this.#rungs = new Rungs({ samples, parallel, trials, given: recipe ? 1 : 0 }, (t) => this.#ended(t));
  }

  async *run(pool: Pool, progress?: (p: CompressProgress) => void, signal?: AbortSignal): AsyncGenerator<TrialReport> {
    const { goal, space, begun } = this.#o;
    const { timeMs, parallel, recipe, starts } = goal.settings;
    if (recipe) await this.#study.enqueue({});
    for (const start of starts ? knownStarts(space, parallel) : []) await this.#study.enqueue(start);
    const end = timeMs === undefined ? Number.POSITIVE_INFINITY : begun + timeMs;
    const jobs = new Map<number, Promise<number>>();
    const tell = () => progress?.(this.#progress());
    const stopped = abortion(signal);
    const clock = Number.isFinite(end) ? alarm(end - performance.now()) : null;
    try {
      for (;;) {
        while (jobs.size < pool.size && !this.#isOver(end)) {
          const job = await this.#start(pool, tell);
          if (job === null) break;
          jobs.set(job.number, job.done);
          tell();
        }
        if (jobs.size === 0) return;
        const first = await Promise.race([...jobs.values(), ...(clock && this.#hasModel() ? [clock.done] : []), stopped]);
        if (first === STOP) {
          this.#endedByClock = true;
          return;
        }
        jobs.delete(first);
        tell();
        yield this.#toReport(this.#study.records[first]);
      }
    } finally {
      clock?.cancel();
    }
  }

  #isOver(end: number): boolean {
    const { records } = this.#study;
    // A trial that another process left running comes first, even beyond the budget.
    const left = records.some((t) => t.state === 'running' && !this.#running.has(t.number));
    const next = records.filter((t) => t.state !== 'waiting').length;
    if (!left && this.#isKnown(next) && this.#rungs.turn(next) === null) return true;
    if (performance.now() < end || !this.#hasModel()) return false;
    this.#endedByClock = true;
    return true;
  }

  /** Whether the time allowed has ended it, with work left. */
  get endedByClock(): boolean {
    return this.#endedByClock;
  }

  /** Whether all has ended that trial n must know. */
  #isKnown = (n: number): boolean => this.#study.records.slice(0, this.#rungs.needs(n)).every(isEnded);

  /** However short the time: something is handed back. */
  #hasModel = (): boolean => this.#study.records.some((t) => factsOf(t)?.state === 'complete');

  /** Starts a trial; null while a result that it must know is missing. */
  async #start(pool: Pool, changed: () => void): Promise<{ number: number; done: Promise<number> } | null> {
    const { records } = this.#study;
    const next = records.findIndex((t) => t.state === 'waiting' || (t.state === 'running' && !this.#running.has(t.number)));
    if (!this.#isKnown(next < 0 ? records.length : next)) return null;
    const trial = await this.#study.ask((t) => this.#taskOf(t));
    if (!trial) return null;
    const { number } = trial;
    this.#running.set(number, { what: 'start', done: 0, total: 1 });
    const onProgress = (p: Progress) => {
      this.#running.set(number, p);
      changed();
    };
    return { number, done: this.#finish(trial, pool.run(await this.#jobOf(trial), onProgress)) };
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
    const from = turn.from === null ? null : await this.#node(turn.from, node);
    return { plan, from, samples: turn.samples, toBeat: best?.objective ?? null };
  }

  async #node(trial: number, which: NodeName): Promise<Node> {
    const { stages, model, walked, held } = factsOf(this.#study.records[trial])!;
    const place = { candidate: null, walked, held }[which] ?? { stages, model: model! };
    return { stages: place.stages, packed: await this.#artifact(place.model, trial) };
  }

  async #artifact(name: string, trial: number): Promise<Uint8Array> {
    const bytes = await this.#o.artifacts.get(name);
    if (bytes) return bytes;
    throw new CompressError(
      'bad-file',
      `the model of trial ${trial} (${name}) is missing`,
      'start a new study in another folder',
    );
  }

  async #finish(trial: RunningTrial<Begun>, job: ReturnType<Pool['run']>): Promise<number> {
    // What stages cannot do is a trial that failed; a journal that cannot be written is the end of the search.
    const result = await job.catch((e: unknown) => {
      if (e instanceof CompressError) return e;
      throw e;
    });
    const { from, round } = trial.point.turn;
    if (result instanceof CompressError) {
      const facts: TrialFacts = { state: 'failed', from, round, samples: 0, macs: 0, stages: [], error: result.message };
      await this.#study.tell(trial.number, null, { state: 'failed', userAttrs: toUserAttrs(facts) });
    } else {
      await this.#keep(trial.number, result, { from, round, plan: trial.point.plan as unknown as TrialFacts['plan'] });
    }
    this.#running.delete(trial.number);
    return trial.number;
  }

  async #keep(number: number, result: ArmResult, place: Pick<TrialFacts, 'from' | 'round' | 'plan'>): Promise<void> {
    const { artifacts, goal } = this.#o;
    const { candidate, spares, walked, held, samples, macs } = result;
    const { stages, figures, margin, value } = candidate;
    const facts: TrialFacts = {
      state: 'complete',
      ...place,
      samples,
      macs,
      stages: [...stages],
      figures,
      margin,
      file: await artifacts.put(candidate.tflite),
      model: await artifacts.put(candidate.packed),
      spares: await Promise.all(
        spares.map(async (c) => ({
          stages: [...c.stages],
          file: await artifacts.put(c.tflite),
          figures: c.figures,
          margin: c.margin,
          value: c.value,
        })),
      ),
      ...(walked && { walked: await this.#placed(walked) }),
      ...(held && { held: await this.#placed(held) }),
    };
    await this.#study.tell(number, value, { constraints: violations(figures, goal.limits), userAttrs: toUserAttrs(facts) });
  }

  async #placed({ stages, packed }: Node): Promise<{ stages: Node['stages'][number][]; model: string }> {
    return { stages: [...stages], model: await this.#o.artifacts.put(packed) };
  }

  #ended(trial: number): Ended {
    const record = this.#study.records[trial];
    const { objective, feasible, samples } = this.#toReport(record);
    return { value: objective, feasible, samples, node: factsOf(record)?.model ?? null };
  }

  #samples = (): number => this.reports().reduce((n, t) => n + t.samples, 0);

  #progress(): CompressProgress {
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

  /**
   * The best candidate that fits, keeps the goal on the validation part and holds in the last check. Where none holds there, the one that came
   * nearest to it; where none keeps the goal, the one that comes nearest, so that something is handed back.
   */
  async choose(
    plain: Plain,
    check: LastCheck | null,
    progress?: (p: CompressProgress) => void,
    signal?: AbortSignal,
  ): Promise<Checkable> {
    const ranked = this.#choices(plain);
    const open = async ({ trial, stages, figures, file }: Choice): Promise<Checkable> => ({
      ...{ trial, stages, figures },
      tflite: trial === null ? plain.tflite : await this.#artifact(file, trial),
    });
    const feasible = ranked.filter((c) => c.feasible);
    if (!check || feasible.length === 0) return open(ranked[0]);
    const stopped = abortion(signal);
    let best: { readonly candidate: Checkable; readonly chance: number } | null = null;
    for (const choice of feasible.filter((c, i) => i < check.most || c.trial === null)) {
      const candidate = await open(choice);
      const tell = (p: Progress) =>
        progress?.({ ...this.#progress(), running: [{ ...p, what: `last check: ${p.what}`, trial: choice.trial ?? -1 }] });
      const { holds, chance } = await Promise.race([check.judge(candidate, tell), stopped]);
      if (holds) return candidate;
      if (!best || chance > best.chance) best = { candidate, chance };
    }
    return best!.candidate;
  }

  /** All candidates, the best first: those that hold the goal, then those that come near. */
  #choices({ figures, margin, value, stages }: Plain): Choice[] {
    const { goal } = this.#o;
    const plain = { trial: null, stages, figures, file: '', value, feasible: isFeasible(figures, margin, goal) };
    const all = this.#study.records.filter(isEnded).flatMap((record): Choice[] => {
      const facts = factsOf(record);
      if (!facts?.file) return [];
      const { stages, file, figures, margin, spares = [] } = facts;
      const own = { stages, file, figures: figures!, margin: margin!, value: record.values![0] };
      return [own, ...spares].map((c) => ({ ...c, trial: record.number, feasible: isFeasible(c.figures, c.margin, goal) }));
    });
    const order = ({ trial }: Choice) => trial ?? Number.POSITIVE_INFINITY;
    const sorted = [...all, plain].sort(
      (a, b) => Number(b.feasible) - Number(a.feasible) || a.value - b.value || order(a) - order(b),
    );
    // Several trials may have come to the same network.
    return sorted.filter((c, i) => c.trial === null || sorted.findIndex(({ file }) => file === c.file) === i);
  }
}

interface Choice {
  /** null: plain int8. */
  readonly trial: number | null;
  readonly stages: Stages;
  readonly figures: Figures;
  readonly file: string;
  readonly value: number;
  readonly feasible: boolean;
}

/** Tells `STOP` after `ms`. */
function alarm(ms: number): { done: Promise<number>; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout>;
  const done = new Promise<number>((resolve) => {
    timer = setTimeout(() => resolve(STOP), Math.max(0, ms));
  });
  return { done, cancel: () => clearTimeout(timer) };
}

/** Rejects when the signal aborts; else never settles. */
function abortion(signal: AbortSignal | undefined): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    else signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  promise.catch(() => {});
  return promise;
}
