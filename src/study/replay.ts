import type { Choice } from '../search/distribution.ts';
import { type Direction, isFinished, type Json, newRecord, type State, type TrialRecord } from '../search/record.ts';
import type { Op } from './journal.ts';
import * as journal from './journal.ts';

/** State codes of a journal, by index. */
export const STATES: readonly State[] = ['running', 'complete', 'pruned', 'failed', 'waiting'];

/** A study as the operations so far have left it. */
export interface StoredStudy {
  readonly id: number;
  readonly name: string;
  readonly directions: readonly Direction[];
  readonly userAttrs: Map<string, Json>;
  readonly systemAttrs: Map<string, Json>;
  readonly records: TrialRecord[];
  /** Id of each trial in the journal, by number. */
  readonly ids: number[];
}

/** Plays operations in the order of the file; what Optuna would ignore is ignored. */
export class Replay {
  readonly studies = new Map<number, StoredStudy>();
  #studyCount = 0;
  /** By id: the study and the record; null when the study is deleted. */
  readonly #trials: ({ study: StoredStudy; record: TrialRecord } | null)[] = [];

  /** The id that the next trial gets. */
  get trialCount(): number {
    return this.#trials.length;
  }

  find(name: string): StoredStudy | undefined {
    return [...this.studies.values()].find((s) => s.name === name);
  }

  /** The study of a trial. */
  studyOf(trialId: number): StoredStudy | undefined {
    return this.#trials[trialId]?.study;
  }

  apply(op: Op): void {
    if (op.op_code === journal.CREATE_STUDY) this.#createStudy(op);
    else if (op.op_code === journal.CREATE_TRIAL) this.#createTrial(op);
    else if (op.op_code <= journal.STUDY_SYSTEM_ATTR) this.#changeStudy(op);
    else if (op.op_code <= journal.TRIAL_SYSTEM_ATTR) this.#changeTrial(op);
  }

  #createStudy(op: Op): void {
    const name = op.study_name as string;
    if (this.find(name)) return;
    const id = this.#studyCount++;
    const directions = (op.directions as number[]).map((d): Direction => (d === 2 ? 'maximize' : 'minimize'));
    this.studies.set(id, { id, name, directions, userAttrs: new Map(), systemAttrs: new Map(), records: [], ids: [] });
  }

  #changeStudy(op: Op): void {
    const study = this.studies.get(op.study_id as number);
    if (!study) return;
    if (op.op_code === journal.STUDY_USER_ATTR) setAttrs(study.userAttrs, op.user_attr);
    else if (op.op_code === journal.STUDY_SYSTEM_ATTR) setAttrs(study.systemAttrs, op.system_attr);
    else if (op.op_code === journal.DELETE_STUDY) this.studies.delete(study.id);
  }

  #createTrial(op: Op): void {
    const study = this.studies.get(op.study_id as number);
    if (!study) {
      this.#trials.push(null);
      return;
    }
    const system = (op.system_attrs ?? {}) as Record<string, Json>;
    const record = newRecord(study.records.length, STATES[(op.state ?? 0) as number], fixedParams(system));
    for (const [name, x] of Object.entries((op.params ?? {}) as Record<string, number>)) {
      setParameter(record, name, x, (op.distributions as Record<string, string>)[name]);
    }
    const values = op.values ?? (typeof op.value === 'number' ? [op.value] : null);
    record.values = values as number[] | null;
    for (const [step, v] of Object.entries((op.intermediate_values ?? {}) as Record<string, number>))
      record.reports.set(Number(step), v);
    setAttrs(record.userAttrs, op.user_attrs);
    setConstraints(record, system);
    study.records.push(record);
    study.ids.push(this.#trials.length);
    this.#trials.push({ study, record });
  }

  #changeTrial(op: Op): void {
    const record = this.#trials[op.trial_id as number]?.record;
    if (!record || isFinished(record)) return;
    if (op.op_code === journal.PARAMETER) {
      setParameter(record, op.param_name as string, op.param_value_internal as number, op.distribution as string);
    } else if (op.op_code === journal.STATE) {
      record.state = STATES[op.state as number];
      if (op.values) record.values = op.values as number[];
    } else if (op.op_code === journal.REPORT) record.reports.set(op.step as number, op.intermediate_value as number);
    else if (op.op_code === journal.TRIAL_USER_ATTR) setAttrs(record.userAttrs, op.user_attr);
    else setConstraints(record, op.system_attr as Record<string, Json>);
  }
}

function setAttrs(attrs: Map<string, Json>, values: unknown): void {
  for (const [key, value] of Object.entries((values ?? {}) as Record<string, Json>)) attrs.set(key, value);
}

function setParameter(record: TrialRecord, name: string, internal: number, distribution: string): void {
  record.params.set(name, { internal, distribution: journal.decodeDistribution(name, distribution) });
}

/** A list under `constraints`, or one number under each `constraints:<key>`. */
function setConstraints(record: TrialRecord, system: Readonly<Record<string, Json>>): void {
  for (const [key, value] of Object.entries(system)) {
    if (key === 'constraints' && Array.isArray(value)) record.constraints = value as number[];
    else if (key.startsWith('constraints:')) record.constraints = [...record.constraints, value as number];
  }
}

const fixedParams = (system: Readonly<Record<string, Json>>) =>
  (system.fixed_params ?? null) as Readonly<Record<string, Choice>> | null;
