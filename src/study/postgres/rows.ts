/** Trials as rows of Optuna's tables, and back. */
import type { Choice } from '../../search/distribution.ts';
import { type Json, newRecord, type Parameter, type State, type TrialRecord } from '../../search/record.ts';
import type { Ending } from '../../search/store.ts';
import { decodeDistribution, encodeDistribution, parsePythonJson, pythonJson } from '../journal.ts';
import type { Queries } from './connection.ts';

/** Labels of the states in the database. */
export const LABELS: Readonly<Record<State, string>> = {
  running: 'RUNNING',
  complete: 'COMPLETE',
  pruned: 'PRUNED',
  failed: 'FAIL',
  waiting: 'WAITING',
};
const STATES = Object.fromEntries(Object.entries(LABELS).map(([state, label]) => [label, state])) as Record<string, State>;

export const stateOf = (label: string): State => STATES[label];

/** A number that may be infinite or none, as two columns hold it. */
export function toColumns(x: number): [value: number | null, type: string] {
  if (Number.isNaN(x)) return [null, 'NAN'];
  return Number.isFinite(x) ? [x, 'FINITE'] : [null, x > 0 ? 'INF_POS' : 'INF_NEG'];
}

const SPECIAL: Readonly<Record<string, number>> = {
  NAN: Number.NaN,
  INF_POS: Number.POSITIVE_INFINITY,
  INF_NEG: Number.NEGATIVE_INFINITY,
};

interface Detail {
  readonly kind: 'param' | 'value' | 'report' | 'user' | 'system';
  readonly trial: number;
  /** Order within its kind: the step of a report. */
  readonly at: number;
  readonly key: string;
  readonly x: number | null;
  readonly type: string;
  readonly json: string;
}

/** All that trials consist of, in one round trip. */
const DETAILS = `
  SELECT 'param' AS kind, trial_id AS trial, param_id AS at, param_name AS key, param_value AS x, '' AS type, distribution_json AS json
    FROM trial_params WHERE trial_id = ANY($1)
  UNION ALL SELECT 'value', trial_id, objective, '', value, value_type::text, '' FROM trial_values WHERE trial_id = ANY($1)
  UNION ALL SELECT 'report', trial_id, step, '', intermediate_value, intermediate_value_type::text, ''
    FROM trial_intermediate_values WHERE trial_id = ANY($1)
  UNION ALL SELECT 'user', trial_id, trial_user_attribute_id, key, NULL, '', value_json FROM trial_user_attributes WHERE trial_id = ANY($1)
  UNION ALL SELECT 'system', trial_id, trial_system_attribute_id, key, NULL, '', value_json FROM trial_system_attributes WHERE trial_id = ANY($1)
  ORDER BY trial, kind, at`;

/** Reads trials anew. @param ids by the numbers of the trials */
export async function readTrials(
  queries: Queries,
  states: ReadonlyMap<number, State>,
  ids: readonly number[],
): Promise<TrialRecord[]> {
  const numbers = [...states.keys()];
  const found = await queries.rows<Detail>(DETAILS, [numbers.map((n) => ids[n])]);
  const byTrial = new Map<number, Detail[]>();
  for (const d of found) byTrial.set(d.trial, [...(byTrial.get(d.trial) ?? []), d]);
  return numbers.map((number) => recordOf(number, states.get(number)!, byTrial.get(ids[number]) ?? []));
}

function recordOf(number: number, state: State, details: readonly Detail[]): TrialRecord {
  const of = (kind: Detail['kind']) => details.filter((d) => d.kind === kind);
  const system = Object.fromEntries(of('system').map((d) => [d.key, parsePythonJson(d.json) as Json]));
  const record = newRecord(number, state, (system.fixed_params ?? null) as Readonly<Record<string, Choice>> | null);
  for (const { key, x, json } of of('param')) {
    record.params.set(key, { internal: x!, distribution: decodeDistribution(key, json) });
  }
  const values = of('value').map(toNumber);
  record.values = values.length ? values : null;
  for (const d of of('report')) record.reports.set(d.at, toNumber(d));
  for (const { key, json } of of('user')) record.userAttrs.set(key, parsePythonJson(json) as Json);
  record.constraints = constraintsOf(system);
  return record;
}

const toNumber = ({ x, type }: Detail): number => SPECIAL[type] ?? x!;

/** The list, else one number under each `constraints:<key>`. */
function constraintsOf(system: Readonly<Record<string, Json>>): readonly number[] {
  if (Array.isArray(system.constraints)) return system.constraints as number[];
  return Object.entries(system).flatMap(([key, value]) => (key.startsWith('constraints:') ? [value as number] : []));
}

/** A trial with the next number. The row of the study is locked. @returns its id */
export async function insertTrial(queries: Queries, study: number, state: 'waiting' | 'running', zone: string): Promise<number> {
  const [{ id }] = await queries.rows<{ id: number }>(
    `INSERT INTO trials (study_id, state, number, datetime_start)
     SELECT $1::integer, $2::trialstate, count(*), CASE WHEN $2 = 'RUNNING' THEN timezone($3, now()) END FROM trials WHERE study_id = $1
     RETURNING trial_id AS id`,
    [study, LABELS[state], zone],
  );
  return id;
}

/** Values that a waiting trial is to use. */
export async function writeFixed(queries: Queries, trial: number, fixed: Readonly<Record<string, Choice>>): Promise<void> {
  await writeAttribute(queries, 'system', trial, 'fixed_params', pythonJson(fixed));
}

export async function writeParameters(queries: Queries, trial: number, params: ReadonlyMap<string, Parameter>): Promise<void> {
  for (const [name, { internal, distribution }] of params) {
    await queries.rows(
      `INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      [trial, name, internal, encodeDistribution(distribution)],
    );
  }
}

/** How a trial ended: attributes and values first, then the state, which closes it. */
export async function writeEnding(queries: Queries, trial: number, ending: Ending, zone: string): Promise<void> {
  const { state, values, constraints, userAttrs } = ending;
  for (const [key, value] of Object.entries(userAttrs)) await writeAttribute(queries, 'user', trial, key, pythonJson(value));
  if (constraints.length > 0)
    await writeAttribute(queries, 'system', trial, 'constraints', pythonJson(constraints as Json, true));
  for (const [objective, value] of (values ?? []).entries()) {
    const [x, type] = toColumns(value);
    await queries.rows(
      `INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES ($1, $2, $3, $4)
       ON CONFLICT (trial_id, objective) DO UPDATE SET value = excluded.value, value_type = excluded.value_type`,
      [trial, objective, x, type],
    );
  }
  await queries.rows(`UPDATE trials SET state = $2, datetime_complete = timezone($3, now()) WHERE trial_id = $1`, [
    trial,
    LABELS[state],
    zone,
  ]);
}

async function writeAttribute(
  queries: Queries,
  kind: 'user' | 'system',
  trial: number,
  key: string,
  json: string,
): Promise<void> {
  await queries.rows(
    `INSERT INTO trial_${kind}_attributes (trial_id, key, value_json) VALUES ($1, $2, $3)
     ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json`,
    [trial, key, json],
  );
}
