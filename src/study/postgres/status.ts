/** What a database says of its studies, by the clock of its server. */
import type { Direction, State, TrialRecord } from '../../search/record.ts';
import type { Connection } from './connection.ts';
import { readTrials, stateOf } from './rows.ts';

export interface StudyStatus {
  readonly name: string;
  readonly directions: readonly Direction[];
  readonly trials: Readonly<Record<State, number>>;
  /** Begun this many ms ago, by a process of ours; null for a study of another program. */
  readonly ageMs: number | null;
  /** Trials that were handed out again, as their worker was lost. */
  readonly again: number;
  /** Of the last while: told trials, their numbers, and its length in ms. */
  readonly lately: { readonly numbers: readonly number[]; readonly ms: number };
}

export interface WorkerStatus {
  readonly study: string;
  readonly host: string;
  readonly process: number;
  readonly threads: number;
  /** Numbers of the trials that it runs, and how many it has told. */
  readonly running: readonly number[];
  readonly told: number;
  /** It said so that many ms ago. */
  readonly seenMs: number;
  /** `lost`: it has not said for a while that it lives. */
  readonly state: 'live' | 'lost' | 'left';
}

const WHILE_MS = 600_000;

export async function studyStatuses(connection: Connection): Promise<StudyStatus[]> {
  const rows = await connection.rows<{
    name: string;
    directions: string[];
    states: Record<string, number>;
    age: number | null;
    again: number;
    numbers: number[];
  }>(
    `SELECT s.study_name AS name,
       (SELECT coalesce(array_agg(lower(direction::text) ORDER BY objective), '{}') FROM study_directions d WHERE d.study_id = s.study_id) AS directions,
       (SELECT coalesce(json_object_agg(state, n), '{}') FROM (SELECT state::text, count(*) AS n FROM trials t WHERE t.study_id = s.study_id GROUP BY 1) c) AS states,
       (SELECT (extract(epoch FROM now() - o.begun_at) * 1000)::double precision FROM thumbnet.studies o WHERE o.study_id = s.study_id) AS age,
       coalesce(l.again, 0)::integer AS again, coalesce(l.numbers, '{}') AS numbers
     FROM studies s LEFT JOIN (
       SELECT t.study_id, sum(l.times - 1) AS again,
         array_agg(t.number ORDER BY t.number) FILTER (WHERE l.is_told AND l.seen_at > now() - $1::double precision * interval '1 ms') AS numbers
       FROM thumbnet.leases l JOIN trials t USING (trial_id) GROUP BY 1) l USING (study_id)
     ORDER BY study_id`,
    [WHILE_MS],
  );
  return rows.map(({ name, directions, states, age, again, numbers }) => ({
    name,
    directions: directions as Direction[],
    trials: { complete: 0, pruned: 0, failed: 0, running: 0, waiting: 0, ...byState(states) },
    ageMs: age,
    again,
    lately: { numbers, ms: Math.min(WHILE_MS, age ?? WHILE_MS) },
  }));
}

const byState = (states: Readonly<Record<string, number>>): Partial<Record<State, number>> =>
  Object.fromEntries(Object.entries(states).map(([label, n]) => [stateOf(label), n]));

export async function workerStatuses(connection: Connection, believedMs: number): Promise<WorkerStatus[]> {
  return connection.rows<WorkerStatus>(
    `SELECT s.study_name AS study, w.host, w.process, w.threads,
       coalesce(array_agg(t.number ORDER BY t.number) FILTER (WHERE t.state = 'RUNNING' AND w.ended_at IS NULL), '{}') AS running,
       (count(*) FILTER (WHERE l.is_told))::integer AS told,
       (extract(epoch FROM now() - w.seen_at) * 1000)::double precision AS "seenMs",
       CASE WHEN w.ended_at IS NOT NULL THEN 'left' WHEN w.seen_at < now() - $1::double precision * interval '1 ms' THEN 'lost' ELSE 'live' END AS state
     FROM thumbnet.workers w JOIN studies s USING (study_id)
       LEFT JOIN thumbnet.leases l ON l.worker_id = w.worker_id LEFT JOIN trials t USING (trial_id)
     GROUP BY s.study_name, w.worker_id ORDER BY w.begun_at, w.worker_id`,
    [believedMs],
  );
}

/** All trials of a study as they are now. */
export async function trialsOf(connection: Connection, name: string): Promise<TrialRecord[]> {
  return connection.run(async (queries) => {
    const rows = await queries.rows<{ id: number; number: number; state: string }>(
      `SELECT trial_id AS id, number, state::text FROM trials JOIN studies USING (study_id)
       WHERE study_name = $1 AND number IS NOT NULL ORDER BY number`,
      [name],
    );
    const ids: number[] = [];
    for (const { id, number } of rows) ids[number] = id;
    return readTrials(queries, new Map(rows.map((t) => [t.number, stateOf(t.state)])), ids);
  });
}
