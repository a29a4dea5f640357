/** A study that survives its process: an append-only journal that Optuna and optuna-dashboard open as it is. */
import { CompressError } from '../errors.ts';
import type { Json, TrialRecord } from '../search/record.ts';
import { Study } from '../search/study.ts';
import type { StudyLog, StudyOptions } from '../search/study_options.ts';
import * as journal from './journal.ts';
import { Replay, STATES, type StoredStudy } from './replay.ts';
import type { Storage } from './storage.ts';

export { type Artifacts, MemoryArtifacts, sha256 } from './artifacts.ts';
export { MemoryStorage, type Storage } from './storage.ts';

export interface OpenOptions extends Omit<StudyOptions, 'log' | 'records'> {
  readonly storage: Storage;
  /** A journal may hold several studies. */
  readonly name: string;
  /** Go on with the study of this name; start it when there is none. Without: a study that exists is an error. */
  readonly resume?: boolean;
  /** Whatever else the trials depend on; kept with the study and compared when it is resumed. */
  readonly settings?: Readonly<Record<string, Json>>;
  /** Names of the objectives, for Optuna's displays. */
  readonly metricNames?: readonly string[];
}

const SETTINGS = 'thumbnet:settings';

/**
 * Opens a study on a storage; every change is kept before the study goes on. A process that dies loses nothing but running trials: in the
 * resumed study those come first, under their numbers and with their parameters, so that with `lag` the whole study is the one that was
 * never interrupted.
 */
export function openStudy(options: OpenOptions): Study {
  const { storage, name, resume = false, settings = {}, metricNames, ...study } = options;
  const { directions = [study.direction ?? 'minimize'], seed = 0, lag } = study;
  const writer = new JournalWriter(storage, name);
  const found = writer.stored;
  if (found && !resume) {
    throw new CompressError(
      'exists',
      `the study "${name}" already exists with ${found.records.length} trials`,
      'resume it, or choose another place for the new one',
    );
  }
  const all = { seed, lag: lag ?? null, directions, ...settings };
  if (found?.userAttrs.has(SETTINGS)) checkSettings(found.userAttrs.get(SETTINGS) as Record<string, Json>, all);
  else writer.create(directions, all, metricNames);
  return new Study({ ...study, log: writer, records: found?.records });
}

const DIGEST = /^"[0-9a-f]{64}"$/;

/** Not too long for a message. */
function shown(text: string): string {
  return text.length > 80 && !DIGEST.test(text) ? `${text.slice(0, 77)}...` : text;
}

function checkSettings(before: Readonly<Record<string, Json>>, now: Readonly<Record<string, Json>>): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const texts = [before[key], now[key]].map((v) => JSON.stringify(v) ?? 'nothing');
    if (texts[0] === texts[1]) continue;
    const [a, b] = texts.map(shown);
    throw new CompressError(
      'bad-option',
      DIGEST.test(a)
        ? `the study was begun with ${key === 'data' ? 'other data' : `another ${key}`}`
        : `the study was begun with ${key} ${a}, not ${b}`,
      'resume it with what it was begun with, or begin a new study in another place',
    );
  }
}

/** Writes a study's changes to its journal, and watches that nobody else does. */
class JournalWriter implements StudyLog {
  readonly #storage: Storage;
  readonly #read: () => journal.Op[];
  readonly #name: string;
  readonly #worker = workerId();
  readonly #replay = new Replay();
  /** Trial ids in the journal, by number. */
  readonly #ids: number[] = [];
  /** Parameters not yet written: they go together, when the code that suggests them yields or anything else is written. */
  #pending: journal.Op[] = [];
  #failure: unknown;

  constructor(storage: Storage, name: string) {
    this.#storage = storage;
    this.#read = storage.reader();
    this.#name = name;
    for (const op of this.#read()) this.#replay.apply(op);
    if (this.stored) this.#ids.push(...this.#replay.trialIds(this.stored));
  }

  get stored(): StoredStudy | undefined {
    return this.#replay.find(this.#name);
  }

  create(directions: Study['directions'], settings: Json, metricNames: readonly string[] | undefined): void {
    const study_name = this.#name;
    if (!this.stored)
      this.#write({ op_code: journal.CREATE_STUDY, study_name, directions: directions.map((d) => (d === 'maximize' ? 2 : 1)) });
    const study_id = this.stored!.id;
    if (metricNames)
      this.#write({ op_code: journal.STUDY_SYSTEM_ATTR, study_id, system_attr: { 'study:metric_names': metricNames } });
    this.#write({ op_code: journal.STUDY_USER_ATTR, study_id, user_attr: { [SETTINGS]: settings } });
  }

  created(t: TrialRecord): void {
    const study_id = this.stored!.id;
    const waiting = {
      state: STATES.indexOf('waiting'),
      value: null,
      values: null,
      datetime_start: null,
      distributions: {},
      params: {},
      user_attrs: {},
      system_attrs: { fixed_params: t.fixed },
      intermediate_values: {},
    };
    const more = t.state === 'waiting' ? waiting : { datetime_start: journal.timestamp() };
    this.#write({ op_code: journal.CREATE_TRIAL, study_id, ...more });
    this.#ids[t.number] = this.#replay.trialCount - 1;
  }

  started(t: TrialRecord): void {
    this.#write({ ...this.#state(t), values: null, datetime_start: journal.timestamp() });
  }

  parameter(t: TrialRecord, param_name: string): void {
    const { internal, distribution } = t.params.get(param_name)!;
    const value = { param_name, param_value_internal: internal, distribution: journal.encodeDistribution(distribution) };
    if (this.#pending.length === 0) queueMicrotask(() => this.#flushLater());
    this.#pending.push({ op_code: journal.PARAMETER, worker_id: this.#worker, trial_id: this.#ids[t.number], ...value });
  }

  reported(t: TrialRecord, step: number): void {
    this.#write({ op_code: journal.REPORT, trial_id: this.#ids[t.number], step, intermediate_value: t.reports.get(step) });
  }

  userAttr(t: TrialRecord, key: string): void {
    this.#write({ op_code: journal.TRIAL_USER_ATTR, trial_id: this.#ids[t.number], user_attr: { [key]: t.userAttrs.get(key) } });
  }

  finished(t: TrialRecord): void {
    const { constraints } = t;
    const attribute = { op_code: journal.TRIAL_SYSTEM_ATTR, trial_id: this.#ids[t.number], system_attr: { constraints } };
    const end = { ...this.#state(t), values: t.values, datetime_complete: journal.timestamp() };
    this.#write(...(constraints.length > 0 ? [attribute, end] : [end]));
  }

  #state(t: TrialRecord) {
    return { op_code: journal.STATE, trial_id: this.#ids[t.number], state: STATES.indexOf(t.state) };
  }

  #write(...ops: Omit<journal.Op, 'worker_id'>[]): void {
    if (this.#failure) throw this.#failure;
    const all = [
      ...this.#pending,
      ...ops.map(({ op_code, ...fields }) => ({ op_code: op_code as number, worker_id: this.#worker, ...fields })),
    ];
    this.#pending = [];
    this.#storage.append(all);
    for (const op of this.#read()) {
      this.#refuseOthers(op);
      this.#replay.apply(op);
    }
  }

  /** Nobody can catch what a microtask throws; the next write does. */
  #flushLater(): void {
    try {
      if (this.#pending.length > 0) this.#write();
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Another process may add notes, but not trials: its numbers and ours would be the same. */
  #refuseOthers(op: journal.Op): void {
    if (op.worker_id === this.#worker || op.op_code < journal.CREATE_TRIAL || op.op_code > journal.REPORT) return;
    const isHere =
      op.op_code === journal.CREATE_TRIAL ? op.study_id === this.stored?.id : this.#ids.includes(op.trial_id as number);
    if (!isHere) return;
    throw new CompressError(
      'exists',
      `another process (${op.worker_id}) is running the study "${this.#name}"`,
      'let one of them end, then resume',
    );
  }
}

function workerId(): string {
  const parts = crypto.getRandomValues(new Uint32Array(4));
  return `thumbnet-${Array.from(parts, (p) => p.toString(16).padStart(8, '0')).join('')}`;
}
