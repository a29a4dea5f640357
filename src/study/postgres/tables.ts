/** The tables: Optuna's, as its version 5 makes them, and our own in a schema beside. */
import { CompressError } from '../../errors.ts';
import type { Connection, Queries } from './connection.ts';

/** Optuna's number of its tables, and its stamps of them: what version 5 makes, and what versions 3 and 4 made before that. */
const VERSION = 12;
const HEAD = 'v3.2.0.a';
const STAMPS: readonly string[] = [HEAD, 'v3.0.0.d'];
/** What Optuna is told has made them: times are those of that version. */
const MADE_AS = '5.0.0';
/** Raised when our own tables change. */
const OWN_VERSION = 1;

/** A table of attributes or the like: an own key, the one of its owner, and columns of which the first is unique to an owner. */
function listed(name: string, key: string, owner: 'study' | 'trial', unique: string, columns: string, isNeeded = false): string {
  const table = owner === 'study' ? 'studies' : 'trials';
  const needed = isNeeded ? ' NOT NULL' : '';
  return `CREATE TABLE ${name} (${key} serial PRIMARY KEY, ${owner}_id integer${needed} REFERENCES ${table} (${owner}_id), ${columns}, UNIQUE (${owner}_id${unique && `, ${unique}`}));`;
}

const attributes = (owner: 'study' | 'trial', kind: 'user' | 'system') =>
  listed(`${owner}_${kind}_attributes`, `${owner}_${kind}_attribute_id`, owner, 'key', 'key varchar(512), value_json text');

const OPTUNA = [
  "CREATE TYPE studydirection AS ENUM ('NOT_SET', 'MINIMIZE', 'MAXIMIZE');",
  "CREATE TYPE trialstate AS ENUM ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING');",
  "CREATE TYPE trialvaluetype AS ENUM ('FINITE', 'INF_POS', 'INF_NEG');",
  "CREATE TYPE trialintermediatevaluetype AS ENUM ('FINITE', 'INF_POS', 'INF_NEG', 'NAN');",
  'CREATE TABLE studies (study_id serial PRIMARY KEY, study_name varchar(512) NOT NULL);',
  'CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);',
  listed(
    'study_directions',
    'study_direction_id',
    'study',
    'objective',
    'direction studydirection NOT NULL, objective integer NOT NULL',
    true,
  ),
  attributes('study', 'user'),
  attributes('study', 'system'),
  `CREATE TABLE trials (trial_id serial PRIMARY KEY, number integer, study_id integer REFERENCES studies (study_id),
     state trialstate NOT NULL, datetime_start timestamp, datetime_complete timestamp);`,
  'CREATE INDEX ix_trials_study_id ON trials (study_id);',
  attributes('trial', 'user'),
  attributes('trial', 'system'),
  listed(
    'trial_params',
    'param_id',
    'trial',
    'param_name',
    'param_name varchar(512), param_value double precision, distribution_json text',
  ),
  listed(
    'trial_values',
    'trial_value_id',
    'trial',
    'objective',
    'objective integer NOT NULL, value double precision, value_type trialvaluetype NOT NULL',
    true,
  ),
  listed(
    'trial_intermediate_values',
    'trial_intermediate_value_id',
    'trial',
    'step',
    'step integer NOT NULL, intermediate_value double precision, intermediate_value_type trialintermediatevaluetype NOT NULL',
    true,
  ),
  listed('trial_heartbeats', 'trial_heartbeat_id', 'trial', '', 'heartbeat timestamp NOT NULL', true),
  `CREATE TABLE version_info (version_info_id integer PRIMARY KEY CHECK (version_info_id = 1),
     schema_version integer, library_version varchar(256));`,
  'CREATE TABLE alembic_version (version_num varchar(32) CONSTRAINT alembic_version_pkc PRIMARY KEY);',
  `INSERT INTO version_info VALUES (1, ${VERSION}, '${MADE_AS}');`,
  `INSERT INTO alembic_version VALUES ('${HEAD}');`,
].join('\n');

/**
 * Leases, workers and content. All times are those of the server, so that no clock of another host matters. What belongs to a study goes with it.
 *
 *   studies   what a worker must be like, and the digests of what it is to know (`task`), of what is wanted (`goal`) and of the `result`
 *   leases    who runs a trial, or ran it last; `seen_at` is put off as long as that process lives
 *   contents  bytes by their sha256, in parts; the row of a digest is written after all of its parts
 */
const OWN = [
  'CREATE SCHEMA thumbnet;',
  `CREATE TABLE thumbnet.version (version integer NOT NULL);`,
  `INSERT INTO thumbnet.version VALUES (${OWN_VERSION});`,
  `CREATE TABLE thumbnet.studies (study_id integer PRIMARY KEY REFERENCES studies (study_id) ON DELETE CASCADE,
     version text NOT NULL, kernels text NOT NULL, plugins text[] NOT NULL, artifacts text,
     task text NOT NULL, goal text NOT NULL, result text, is_over boolean NOT NULL DEFAULT false,
     begun_at timestamptz NOT NULL DEFAULT now(), ends_at timestamptz);`,
  `CREATE TABLE thumbnet.workers (worker_id text PRIMARY KEY, study_id integer NOT NULL REFERENCES studies (study_id) ON DELETE CASCADE,
     host text NOT NULL, process integer NOT NULL, threads integer NOT NULL,
     begun_at timestamptz NOT NULL DEFAULT now(), seen_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz);`,
  `CREATE TABLE thumbnet.leases (trial_id integer PRIMARY KEY REFERENCES trials (trial_id) ON DELETE CASCADE,
     worker_id text NOT NULL, seen_at timestamptz NOT NULL DEFAULT now(), times integer NOT NULL DEFAULT 1, is_told boolean NOT NULL DEFAULT false);`,
  `CREATE TABLE thumbnet.content_parts (digest text, part integer, bytes bytea NOT NULL, PRIMARY KEY (digest, part));`,
  // Models and data are dense already.
  'ALTER TABLE thumbnet.content_parts ALTER bytes SET STORAGE EXTERNAL;',
  `CREATE TABLE thumbnet.contents (digest text PRIMARY KEY, size bigint NOT NULL, parts integer NOT NULL, put_at timestamptz NOT NULL DEFAULT now());`,
].join('\n');

/** Any number that others do not lock: one process at a time makes tables. */
const LOCK = 0x7468756d;

/** How times are written: in UTC, or in the zone of the writer, as versions of Optuna before 5 do. */
export type Clock = 'utc' | 'local';

/**
 * Makes the tables where there are none.
 *
 * @returns how times are to be written
 * @throws CompressError `bad-file` for tables of another version
 */
export async function prepareTables(connection: Connection): Promise<Clock> {
  const found = await versionsOf(connection, connection.where);
  if (found) return found;
  return connection.transaction(async (queries) => {
    await queries.rows('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const there = await tablesIn(queries);
    if (!there.optuna) await queries.rows(OPTUNA);
    if (!there.own) await queries.rows(OWN);
    return (await versionsOf(queries, connection.where))!;
  });
}

async function tablesIn(queries: Queries): Promise<Readonly<Record<'optuna' | 'alembic' | 'own', boolean>>> {
  // The catalogue itself: what to_regclass says may be older than the lock that was waited for.
  const found = await queries.rows<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'thumbnet' AND c.relname = 'version'
       OR c.relname IN ('version_info', 'alembic_version') AND pg_table_is_visible(c.oid)`,
  );
  const has = (name: string) => found.some((t) => t.name === name);
  return { optuna: has('version_info'), alembic: has('alembic_version'), own: has('version') };
}

/** null where tables are missing. @throws CompressError `bad-file` */
export async function versionsOf(queries: Queries, where: string): Promise<Clock | null> {
  const { optuna, alembic, own } = await tablesIn(queries);
  const refuse = (what: string, fix: string) => new CompressError('bad-file', `the database ${where} ${what}`, fix);
  if (optuna) {
    const [info] = await queries.rows<{ v: number | null; by: string }>(
      'SELECT schema_version AS v, library_version AS by FROM version_info',
    );
    const [stamp] = alembic ? await queries.rows<{ v: string }>('SELECT version_num AS v FROM alembic_version') : [];
    if (info?.v !== VERSION || !STAMPS.includes(stamp?.v ?? '')) {
      throw refuse(
        `has tables of Optuna that are stamped ${stamp?.v ?? 'not at all'} (schema ${info?.v ?? '?'}), not ${STAMPS.join(' or ')} (schema ${VERSION})`,
        'bring them up to date by `optuna storage upgrade`, or use another database',
      );
    }
    if (!own) return null;
    const [mine] = await queries.rows<{ v: number }>('SELECT version AS v FROM thumbnet.version');
    if (mine?.v !== OWN_VERSION) {
      const what = `has tables of another version of Thumbnet (${mine?.v ?? 'none'}, here ${OWN_VERSION})`;
      throw refuse(what, 'go on with that version, or use another database');
    }
    return Number.parseInt(info.by, 10) < 5 ? 'local' : 'utc';
  }
  return null;
}
