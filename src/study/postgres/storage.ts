import { CompressError } from '../../errors.ts';
import type { Direction, Json } from '../../search/record.ts';
import type { TrialStore } from '../../search/store.ts';
import type { Artifacts } from '../artifacts.ts';
import { newId } from '../id.ts';
import { parsePythonJson, pythonJson } from '../journal.ts';
import { checkFound, METRIC_NAMES, SETTINGS, type Storage, type StudyHead } from '../storage.ts';
import { Connection, type Queries } from './connection.ts';
import { TableArtifacts } from './content.ts';
import { CHANNEL, PostgresStore } from './store.ts';
import { type Clock, prepareTables, versionsOf } from './tables.ts';
import { WAITS, type Waits } from './waits.ts';

/** Who works on studies from here, for people: what `thumbnet.workers` holds of a process. */
export interface Process {
  readonly host: string;
  readonly process: number;
  readonly threads: number;
}

/** What every process must be like that takes trials of a study, so that all come to the same bytes. */
export interface Terms {
  readonly version: string;
  /** Digest of the kernels. */
  readonly kernels: string;
  /** Digests of the modules that were loaded as plugins, sorted. */
  readonly plugins: readonly string[];
}

/** What other processes are told of a study. */
export interface Notice extends Terms {
  /** Where the models of trials are, if not in the database. */
  readonly artifacts: string | null;
  /** Digests of contents: all that a worker must know, and what is wanted of a candidate. */
  readonly task: string;
  readonly goal: string;
}

/** A study that processes share. */
export interface SharedStudy extends Notice {
  readonly name: string;
  /** Digest of a content: what it came to. */
  readonly result: string | null;
  readonly isOver: boolean;
  /** Of the time allowed, ms; null where there is no limit. */
  readonly leftMs: number | null;
}

const COLUMNS = `s.study_name AS name, o.version, o.kernels, o.plugins, o.artifacts, o.task, o.goal, o.result, o.is_over AS "isOver",
  (extract(epoch FROM o.ends_at - now()) * 1000)::double precision AS "leftMs"`;
const OF_STUDY = 'study_id = (SELECT study_id FROM studies WHERE study_name = $1)';

/** Studies in a PostgreSQL database, in the tables of Optuna, which many processes work on at once. */
export class PostgresStorage implements Storage {
  readonly connection: Connection;
  /** Content in the database. */
  readonly artifacts: Artifacts;
  readonly #process: Process;
  readonly #waits: Waits;
  #clock: Promise<Clock> | null = null;

  /** @throws CompressError `bad-option` for an address that is none, or has a password in it */
  constructor(address: string, process: Process, waits: Partial<Waits> = {}) {
    this.#waits = { ...WAITS, ...waits };
    this.connection = new Connection(address, this.#waits);
    this.artifacts = new TableArtifacts(this.connection);
    this.#process = process;
  }

  /** The database, as it may be shown. */
  get place(): string {
    return this.connection.where;
  }

  /** Makes the tables where there are none. @throws CompressError */
  prepare(): Promise<Clock> {
    this.#clock ??= prepareTables(this.connection);
    this.#clock.catch(() => {});
    return this.#clock;
  }

  /** Whether there are tables, and studies in them that processes may share. @throws CompressError `bad-file` for those of another version */
  async isPrepared(): Promise<boolean> {
    return (await this.connection.run((queries) => versionsOf(queries, this.place))) !== null;
  }

  async open(name: string, head: StudyHead, resume: boolean): Promise<TrialStore> {
    const clock = await this.prepare();
    const worker = newId();
    const { host, process, threads } = this.#process;
    const studyId = await this.connection.transaction(async (queries) => {
      const id = await this.#found(queries, name, head, resume, worker);
      await queries.rows(
        'INSERT INTO thumbnet.workers (worker_id, study_id, host, process, threads) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
        [worker, id, host, process, threads],
      );
      return id;
    });
    return PostgresStore.open({ connection: this.connection, studyId, name, clock, worker, waits: this.#waits });
  }

  /** The id of a study that is there or is begun. @param worker by which a study is known that a try began whose answer was lost */
  async #found(queries: Queries, name: string, head: StudyHead, resume: boolean, worker: string): Promise<number> {
    const made = await queries.rows<{ id: number }>(
      'INSERT INTO studies (study_name) VALUES ($1) ON CONFLICT (study_name) DO NOTHING RETURNING study_id AS id',
      [name],
    );
    const [{ id }] = made.length
      ? made
      : await queries.rows<{ id: number }>('SELECT study_id AS id FROM studies WHERE study_name = $1 FOR UPDATE', [name]);
    let settings: Json | undefined;
    if (made.length) {
      for (const [objective, direction] of head.directions.entries()) {
        await queries.rows('INSERT INTO study_directions (direction, study_id, objective) VALUES ($1, $2, $3)', [
          direction.toUpperCase(),
          id,
          objective,
        ]);
      }
    } else {
      const [own] = await queries.rows('SELECT 1 FROM thumbnet.workers WHERE worker_id = $1', [worker]);
      if (own) return id;
      const found = await readHead(queries, id);
      settings = found.settings;
      checkFound({ name, ...found }, head, resume);
    }
    if (settings === undefined) {
      await attribute(queries, 'user', id, SETTINGS, head.settings);
      if (head.metricNames.length > 0) await attribute(queries, 'system', id, METRIC_NAMES, head.metricNames);
    }
    return id;
  }

  /**
   * Lets other processes take part in a study.
   *
   * @param timeMs after which it ends, from now; null without a limit
   * @throws CompressError `bad-option` where others run it that are not like this one
   */
  async publish(name: string, notice: Notice, timeMs: number | null): Promise<void> {
    const [found] = await this.studies(name);
    if (found) checkTerms(found, notice);
    const { version, kernels, plugins, artifacts, task, goal } = notice;
    await this.connection.rows(
      `INSERT INTO thumbnet.studies (study_id, version, kernels, plugins, artifacts, task, goal, ends_at)
         SELECT study_id, $2, $3, $4, $5, $6, $7, now() + $8::double precision * interval '1 ms' FROM studies WHERE study_name = $1
       ON CONFLICT (study_id) DO UPDATE SET task = excluded.task, goal = excluded.goal, ends_at = excluded.ends_at, is_over = false`,
      [name, version, kernels, plugins, artifacts, task, goal, timeMs],
    );
    await this.connection.rows('SELECT pg_notify($1, $2)', [CHANNEL, '']);
  }

  /** Studies that are shared, the oldest first. @param name only the one of this name */
  async studies(name?: string): Promise<SharedStudy[]> {
    return this.connection.rows<SharedStudy>(
      `SELECT ${COLUMNS} FROM thumbnet.studies o JOIN studies s USING (study_id) WHERE $1::text IS NULL OR s.study_name = $1 ORDER BY study_id`,
      [name ?? null],
    );
  }

  /** Says that no trial of a study is left to be taken. */
  async end(name: string): Promise<void> {
    await this.connection.rows(`UPDATE thumbnet.studies SET is_over = true WHERE ${OF_STUDY}`, [name]);
  }

  /** @param result digest of a content */
  async keepResult(name: string, result: string): Promise<void> {
    await this.connection.rows(`UPDATE thumbnet.studies SET result = $2 WHERE ${OF_STUDY}`, [name, result]);
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

/** @throws CompressError `bad-option` where a process would come to other bytes than those that run the study */
export function checkTerms(study: SharedStudy, { version, kernels, plugins }: Terms): void {
  const refuse = (what: string, fix: string) => new CompressError('bad-option', `the study "${study.name}" ${what}`, fix);
  if (version !== study.version) {
    const fix = `install thumbnet@${study.version} here, or begin a new study`;
    throw refuse(`is run by Thumbnet ${study.version}, and this is ${version}`, fix);
  }
  if (kernels !== study.kernels) {
    const what = `is run with the kernels ${study.kernels}, and here are ${kernels}`;
    throw refuse(what, 'install the same build of dist/thumbnet.wasm on all hosts');
  }
  const [theirs, ours] = [study.plugins, plugins].map((digests) => digests.join(', ') || 'none');
  if (theirs !== ours) throw refuse(`is run with the plugins ${theirs}, and here are ${ours}`, 'give the same files by --plugin');
}

async function readHead(
  queries: Queries,
  id: number,
): Promise<{ directions: Direction[]; settings: Json | undefined; trials: number }> {
  const directions = await queries.rows<{ direction: string }>(
    'SELECT lower(direction::text) AS direction FROM study_directions WHERE study_id = $1 ORDER BY objective',
    [id],
  );
  const [settings] = await queries.rows<{ json: string }>(
    'SELECT value_json AS json FROM study_user_attributes WHERE study_id = $1 AND key = $2',
    [id, SETTINGS],
  );
  const [{ trials }] = await queries.rows<{ trials: number }>(
    'SELECT count(*)::integer AS trials FROM trials WHERE study_id = $1',
    [id],
  );
  return {
    directions: directions.map((d) => (d.direction === 'maximize' ? 'maximize' : 'minimize')),
    settings: settings && (parsePythonJson(settings.json) as Json),
    trials,
  };
}

const attribute = (queries: Queries, kind: 'user' | 'system', id: number, key: string, value: Json) =>
  queries.rows(`INSERT INTO study_${kind}_attributes (study_id, key, value_json) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, [
    id,
    key,
    pythonJson(value),
  ]);
