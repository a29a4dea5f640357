/** Leases: whose a trial is. One that its owner has not renewed for a while is anybody's, by the clock of the server. */
import type { Ending } from '../../search/store.ts';
import type { Connection, Queries } from './connection.ts';
import { insertTrial, LABELS, stateOf, writeEnding } from './rows.ts';

/** Who takes and ends trials. */
export interface Holder {
  readonly worker: string;
  /** So long, in ms, a lease holds. */
  readonly believed: number;
  /** Of the times that it writes. */
  readonly zone: string;
}

/** SQL: whether the lease `l` has lapsed. */
export const lapsed = (believed: number): string => `l.seen_at < now() - interval '${believed} ms'`;

/** Begins the trial of a number that there is not yet. The row of the study is locked. @returns its id; null where another process was faster */
export async function beginTrial(
  queries: Queries,
  studyId: number,
  number: number,
  { worker, zone }: Holder,
): Promise<number | null> {
  const [found] = await queries.rows<{ id: number; worker: string | null }>(
    `SELECT t.trial_id AS id, l.worker_id AS worker FROM trials t LEFT JOIN thumbnet.leases l USING (trial_id)
     WHERE t.study_id = $1 AND t.number = $2`,
    [studyId, number],
  );
  // Its own where the answer to the first try was lost.
  if (found) return found.worker === worker ? found.id : null;
  const [{ count }] = await queries.rows<{ count: number }>('SELECT count(*)::integer AS count FROM trials WHERE study_id = $1', [
    studyId,
  ]);
  if (count !== number) return null;
  const id = await insertTrial(queries, studyId, 'running', zone);
  await queries.rows('INSERT INTO thumbnet.leases (trial_id, worker_id) VALUES ($1, $2)', [id, worker]);
  return id;
}

/** Takes a trial that waits, or that was left. @returns false where it cannot be had any more; null where it is gone */
export async function takeTrial(queries: Queries, id: number, { worker, believed, zone }: Holder): Promise<boolean | null> {
  const [trial] = await queries.rows<{ state: string; worker: string | null; lapsed: boolean | null }>(
    `SELECT t.state::text, l.worker_id AS worker, ${lapsed(believed)} AS lapsed
     FROM trials t LEFT JOIN thumbnet.leases l USING (trial_id) WHERE t.trial_id = $1 FOR UPDATE OF t`,
    [id],
  );
  if (!trial) return null;
  const state = stateOf(trial.state);
  const isFree =
    state === 'waiting' || (state === 'running' && (trial.worker === null || trial.worker === worker || trial.lapsed));
  if (!isFree) return false;
  if (state === 'waiting') {
    await queries.rows(`UPDATE trials SET state = 'RUNNING', datetime_start = timezone($2, now()) WHERE trial_id = $1`, [
      id,
      zone,
    ]);
  }
  await queries.rows(
    `INSERT INTO thumbnet.leases AS l (trial_id, worker_id) VALUES ($1, $2)
     ON CONFLICT (trial_id) DO UPDATE SET worker_id = excluded.worker_id, seen_at = now(), times = l.times + 1`,
    [id, worker],
  );
  return true;
}

/** Ends a trial, whoever it was handed to last. @returns whether this ending is kept: the first is; null where the trial is gone */
export async function endTrial(queries: Queries, id: number, ending: Ending, { worker, zone }: Holder): Promise<boolean | null> {
  const [trial] = await queries.rows<{ state: string }>('SELECT state::text FROM trials WHERE trial_id = $1 FOR UPDATE', [id]);
  if (!trial) return null;
  const [lease] = await queries.rows<{ worker_id: string; is_told: boolean }>(
    'SELECT worker_id, is_told FROM thumbnet.leases WHERE trial_id = $1',
    [id],
  );
  if (trial.state !== LABELS.running) return lease?.is_told === true && lease.worker_id === worker;
  await writeEnding(queries, id, ending, zone);
  await queries.rows('UPDATE thumbnet.leases SET worker_id = $2, is_told = true, seen_at = now() WHERE trial_id = $1', [
    id,
    worker,
  ]);
  return true;
}

/** Says that a process lives, and which of its trials come on. */
export async function renew(connection: Connection, worker: string, trials: readonly number[]): Promise<void> {
  await connection.rows(
    `WITH lives AS (UPDATE thumbnet.workers SET seen_at = now() WHERE worker_id = $1)
     UPDATE thumbnet.leases SET seen_at = now() WHERE worker_id = $1 AND trial_id = ANY($2) AND NOT is_told`,
    [worker, trials],
  );
}

/** Says that a process leaves; what it runs can be taken over at once. */
export async function leave(queries: Queries, worker: string, trials: readonly number[]): Promise<void> {
  await queries.rows(
    `UPDATE thumbnet.leases SET seen_at = '-infinity' WHERE worker_id = $1 AND trial_id = ANY($2) AND NOT is_told`,
    [worker, trials],
  );
  await queries.rows('UPDATE thumbnet.workers SET ended_at = now() WHERE worker_id = $1', [worker]);
}
