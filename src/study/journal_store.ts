import { CompressError } from '../errors.ts';
import type { Choice } from '../search/distribution.ts';
import type { Parameter, State, TrialRecord } from '../search/record.ts';
import { Serial } from '../search/serial.ts';
import { type Ending, isQueued, type TrialStore } from '../search/store.ts';
import { newId } from './id.ts';
import * as journal from './journal.ts';
import { type Journal, type Op, type Position, START } from './journal.ts';
import { Replay, STATES, type StoredStudy } from './replay.ts';
import { checkFound, METRIC_NAMES, SETTINGS, type StudyHead } from './storage.ts';

/** @throws CompressError as `Storage.open`, and `bad-file` for a line that is no operation */
export async function openJournal(where: Journal, name: string, head: StudyHead, resume: boolean): Promise<TrialStore> {
  const store = new JournalStore(where, name);
  await store.open(head, resume);
  return store;
}

type Fields = Omit<Op, 'worker_id'> & { op_code: number };

/** One study of a journal. One process at a time runs it; others may read it and add notes. */
class JournalStore implements TrialStore {
  readonly #journal: Journal;
  readonly #name: string;
  readonly #worker = `thumbnet-${newId()}`;
  readonly #replay = new Replay();
  readonly #turns = new Serial();
  #end: Position = START;

  constructor(where: Journal, name: string) {
    this.#journal = where;
    this.#name = name;
  }

  get records(): readonly TrialRecord[] {
    return this.#study.records;
  }

  open(head: StudyHead, resume: boolean): Promise<void> {
    return this.#turns.run(async () => {
      await this.#read(false);
      const found = this.#replay.find(this.#name);
      if (found) {
        const { name, directions, records } = found;
        checkFound({ name, directions, settings: found.userAttrs.get(SETTINGS), trials: records.length }, head, resume);
        if (found.userAttrs.has(SETTINGS)) return;
      } else {
        const directions = head.directions.map((d) => (d === 'maximize' ? 2 : 1));
        await this.#write({ op_code: journal.CREATE_STUDY, study_name: this.#name, directions });
      }
      const study_id = this.#study.id;
      const attrs: Fields[] = [{ op_code: journal.STUDY_USER_ATTR, study_id, user_attr: { [SETTINGS]: head.settings } }];
      if (head.metricNames.length > 0)
        attrs.unshift({ op_code: journal.STUDY_SYSTEM_ATTR, study_id, system_attr: { [METRIC_NAMES]: head.metricNames } });
      await this.#write(...attrs);
    });
  }

  refresh(): Promise<void> {
    return this.#turns.run(() => this.#read(true));
  }

  /** One process runs the study. */
  changed(): null {
    return null;
  }

  /** What another process began was begun before this one opened the journal: see `#refuseOthers`. */
  isLeft(): boolean {
    return true;
  }

  alive(): void {}

  enqueue(fixed: Readonly<Record<string, Choice>>): Promise<void> {
    return this.#turns.run(async () => {
      await this.#read(true);
      if (isQueued(this.records, fixed)) return;
      await this.#write({
        op_code: journal.CREATE_TRIAL,
        study_id: this.#study.id,
        state: stateCode('waiting'),
        value: null,
        values: null,
        datetime_start: null,
        distributions: {},
        params: {},
        user_attrs: {},
        system_attrs: { fixed_params: fixed },
        intermediate_values: {},
      });
    });
  }

  begin(number: number, params: ReadonlyMap<string, Parameter>): Promise<boolean> {
    return this.#turns.run(async () => {
      const datetime_start = journal.timestamp();
      const known = this.records[number];
      // Ids count over the whole journal, so that a new one is known only while no other process writes.
      const trial_id = known ? this.#study.ids[number] : this.#replay.trialCount;
      const start: Fields[] = known
        ? known.state === 'waiting'
          ? [{ op_code: journal.STATE, trial_id, state: stateCode('running'), values: null, datetime_start }]
          : []
        : [{ op_code: journal.CREATE_TRIAL, study_id: this.#study.id, datetime_start }];
      const fresh = [...params].filter(([name]) => !known?.params.has(name));
      return this.#append([...start, ...fresh.map(([name, p]) => parameterOp(trial_id, name, p))], this.#end);
    });
  }

  report(number: number, step: number, value: number): Promise<void> {
    return this.#turns.run(() =>
      this.#write({ op_code: journal.REPORT, trial_id: this.#study.ids[number], step, intermediate_value: value }),
    );
  }

  end(number: number, { state, values, constraints, userAttrs }: Ending): Promise<boolean> {
    return this.#turns.run(async () => {
      const trial_id = this.#study.ids[number];
      const attrs = Object.entries(userAttrs).map(([key, v]) => userAttrOp(trial_id, key, v));
      if (constraints.length > 0) attrs.push({ op_code: journal.TRIAL_SYSTEM_ATTR, trial_id, system_attr: { constraints } });
      const datetime_complete = journal.timestamp();
      await this.#write(...attrs, { op_code: journal.STATE, trial_id, state: stateCode(state), values, datetime_complete });
      return true;
    });
  }

  async close(): Promise<void> {}

  get #study(): StoredStudy {
    return this.#replay.find(this.#name)!;
  }

  async #write(...ops: Fields[]): Promise<void> {
    await this.#append(ops);
  }

  async #append(ops: readonly Fields[], at?: Position): Promise<boolean> {
    const isAdded = await this.#journal.append(
      ops.map(({ op_code, ...fields }) => ({ op_code, worker_id: this.#worker, ...fields })),
      at,
    );
    await this.#read(true);
    return isAdded;
  }

  async #read(isOpen: boolean): Promise<void> {
    const { ops, end } = await this.#journal.read(this.#end);
    for (const op of ops) {
      if (isOpen) this.#refuseOthers(op);
      this.#replay.apply(op);
    }
    this.#end = end;
  }

  /** Another process may add notes, but not work on trials: a running trial could not be told from an abandoned one. */
  #refuseOthers(op: Op): void {
    if (op.worker_id === this.#worker || op.op_code < journal.CREATE_TRIAL || op.op_code > journal.REPORT) return;
    const { id } = this.#study;
    if (op.op_code === journal.CREATE_TRIAL ? op.study_id !== id : this.#replay.studyOf(op.trial_id as number)?.id !== id) return;
    throw new CompressError(
      'exists',
      `another process (${op.worker_id}) is running the study "${this.#name}"`,
      'let one of them end, then resume',
    );
  }
}

const stateCode = (state: State): number => STATES.indexOf(state);

const parameterOp = (trial_id: number, param_name: string, { internal, distribution }: Parameter): Fields => ({
  op_code: journal.PARAMETER,
  trial_id,
  param_name,
  param_value_internal: internal,
  distribution: journal.encodeDistribution(distribution),
});

const userAttrOp = (trial_id: number, key: string, value: unknown): Fields => ({
  op_code: journal.TRIAL_USER_ATTR,
  trial_id,
  user_attr: { [key]: value },
});
