import { CompressError } from '../../errors.ts';
import type { Choice } from '../../search/distribution.ts';
import { isFinished, type Parameter, type State, type TrialRecord } from '../../search/record.ts';
import { type Ending, isQueued, type TrialStore } from '../../search/store.ts';
import type { Connection, Queries } from './connection.ts';
import { beginTrial, endTrial, type Holder, lapsed, leave, renew, takeTrial } from './leases.ts';
import { insertTrial, readTrials, stateOf, toColumns, writeFixed, writeParameters } from './rows.ts';
import type { Clock } from './tables.ts';
import type { Waits } from './waits.ts';

/** The channel on which processes say that they have changed a study, by its id. */
export const CHANNEL = 'thumbnet';

/** So long, in ms, a trial of another program counts as running after its last heartbeat, where it sends such. */
const OUTSIDE_MS = 120_000;

/** So long, in ms, a store that is closed tries to say so. */
const CLOSE_MS = 5_000;

export interface Place {
  readonly connection: Connection;
  readonly studyId: number;
  readonly name: string;
  readonly clock: Clock;
  /** Names this process among all that work on the study. */
  readonly worker: string;
  readonly waits: Waits;
}

interface TrialRow {
  readonly id: number;
  readonly number: number;
  readonly state: string;
  /** null where no process of ours has it. */
  readonly worker: string | null;
  readonly lapsed: boolean | null;
  readonly beat: string | null;
}

/**
 * The trials of a study in a database that many processes share. Who begins or takes over a trial holds the row of the study meanwhile, as Optuna does
 * for its numbers. A lease says whose it is; its owner renews it as long as the trial comes on, and one that was not renewed is anybody's. A trial counts once: who ends it
 * first is kept.
 *
 * There is no queue beside the trials: what comes next follows from their numbers, and which waiting trial it is decides what it may know. A
 * queue library would hold the same a second time, and hand out jobs in an order of its own.
 */
export class PostgresStore implements TrialStore {
  readonly #place: Place;
  readonly #records: TrialRecord[] = [];
  /** Ids by number. */
  #ids: readonly number[] = [];
  #left = new Set<number>();
  /** Trials of other programs that ran when this process came, and their heartbeats: when they were last seen to change. */
  readonly #outside = new Map<number, { beat: string | null; since: number }>();
  #isNew = true;
  /** Ids of trials that this process runs, and when they last came on. */
  readonly #mine = new Map<number, number>();
  #change: {
    promise: Promise<void>;
    resolve: () => void;
    reject: (e: unknown) => void;
    timer: ReturnType<typeof setTimeout>;
  } | null = null;
  #silence = () => {};
  readonly #timer: ReturnType<typeof setInterval>;
  #beating: Promise<void> = Promise.resolve();

  /** @param connection is closed with the store */
  static async open(place: Place): Promise<PostgresStore> {
    const store = new PostgresStore(place);
    store.#silence = await place.connection.listen(CHANNEL, (id) => {
      if (id === '' || id === String(place.studyId)) store.#wake();
    });
    await store.refresh();
    return store;
  }

  private constructor(place: Place) {
    this.#place = place;
    this.#timer = setInterval(() => {
      this.#beating = this.#beating.then(() => this.#beat());
    }, place.waits.beat);
    this.#timer.unref();
  }

  get records(): readonly TrialRecord[] {
    return this.#records;
  }

  isLeft(number: number): boolean {
    return this.#left.has(number);
  }

  changed(): Promise<void> {
    if (!this.#change) {
      let resolve = () => {};
      let reject = (_: unknown) => {};
      const promise = new Promise<void>((yes, no) => {
        resolve = yes;
        reject = no;
      });
      promise.catch(() => {});
      this.#change = { promise, resolve, reject, timer: setTimeout(() => this.#wake(), this.#place.waits.look) };
    }
    return this.#change.promise;
  }

  async refresh(): Promise<void> {
    await this.#place.connection.run((queries) => this.#read(queries));
  }

  async enqueue(fixed: Readonly<Record<string, Choice>>): Promise<void> {
    if (isQueued(this.#records, fixed)) return;
    await this.#locked(async (queries) => {
      await this.#read(queries);
      if (isQueued(this.#records, fixed)) return;
      await writeFixed(queries, await insertTrial(queries, this.#place.studyId, 'waiting', this.#zone), fixed);
    });
    await this.refresh();
  }

  async begin(number: number, params: ReadonlyMap<string, Parameter>): Promise<boolean> {
    const id = await this.#locked(async (queries) => {
      const taken = await this.#take(queries, number);
      if (taken !== null) await writeParameters(queries, taken, params);
      return taken;
    });
    if (id !== null) this.#mine.set(id, performance.now());
    await this.refresh();
    return id !== null;
  }

  alive(number: number): void {
    const id = this.#ids[number];
    if (this.#mine.has(id)) this.#mine.set(id, performance.now());
  }

  async report(number: number, step: number, value: number): Promise<void> {
    this.alive(number);
    const [x, type] = toColumns(value);
    await this.#place.connection.rows(
      `INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)
         SELECT trial_id, $2::integer, $3::double precision, $4::trialintermediatevaluetype FROM trials WHERE trial_id = $1 AND state = 'RUNNING'
       ON CONFLICT (trial_id, step) DO UPDATE
         SET intermediate_value = excluded.intermediate_value, intermediate_value_type = excluded.intermediate_value_type`,
      [this.#ids[number], step, x, type],
    );
    this.#records[number].reports.set(step, value);
  }

  async end(number: number, ending: Ending): Promise<boolean> {
    const id = this.#ids[number];
    const isKept = await this.#place.connection.transaction(async (queries) => {
      const kept = await endTrial(queries, id, ending, this.#holder);
      if (kept === null) throw this.#gone();
      if (kept) await this.#notify(queries);
      return kept;
    });
    this.#mine.delete(id);
    await this.refresh();
    return isKept;
  }

  /** What this process runs can be taken over at once. */
  async close(): Promise<void> {
    const { connection, worker } = this.#place;
    clearInterval(this.#timer);
    this.#silence();
    const relax = connection.hurry(CLOSE_MS);
    const mine = [...this.#mine.keys()];
    this.#mine.clear();
    try {
      await connection.run(async (queries) => {
        await leave(queries, worker, mine);
        if (mine.length) await this.#notify(queries);
      });
    } catch {
      // Then the leases lapse by themselves.
    } finally {
      relax();
    }
    this.#wake();
  }

  /** Makes a trial this process's own. @returns its id; null where it cannot be had any more */
  async #take(queries: Queries, number: number): Promise<number | null> {
    const known = this.#ids[number];
    if (known === undefined) return beginTrial(queries, this.#place.studyId, number, this.#holder);
    const isTaken = await takeTrial(queries, known, this.#holder);
    if (isTaken === null) throw this.#gone();
    return isTaken ? known : null;
  }

  /** With the row of the study locked, by which numbers of trials are given out. */
  #locked<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const { connection, studyId } = this.#place;
    return connection.transaction(async (queries) => {
      const found = await queries.rows('SELECT 1 FROM studies WHERE study_id = $1 FOR UPDATE', [studyId]);
      if (found.length === 0) throw this.#gone();
      const result = await work(queries);
      await this.#notify(queries);
      return result;
    });
  }

  async #notify(queries: Queries): Promise<void> {
    await queries.rows('SELECT pg_notify($1, $2)', [CHANNEL, String(this.#place.studyId)]);
  }

  /** New trials, and those that had not ended when they were read last. */
  async #read(queries: Queries): Promise<void> {
    const open = this.#records.filter((t) => !isFinished(t)).map((t) => this.#ids[t.number]);
    const rows = await queries.rows<TrialRow>(
      `SELECT t.trial_id AS id, t.number, t.state::text, l.worker_id AS worker,
         ${lapsed(this.#place.waits.believed)} AS lapsed, h.heartbeat::text AS beat
       FROM trials t LEFT JOIN thumbnet.leases l USING (trial_id) LEFT JOIN trial_heartbeats h USING (trial_id)
       WHERE t.study_id = $1 AND (t.trial_id > $2 OR t.trial_id = ANY($3)) AND t.number IS NOT NULL ORDER BY t.trial_id`,
      [this.#place.studyId, this.#ids.at(-1) ?? 0, open],
    );
    const ids = [...this.#ids];
    const changed = new Map<number, State>();
    const left = new Set<number>();
    for (const row of rows) {
      const state = stateOf(row.state);
      const known = this.#records[row.number];
      if (!known) {
        if (row.number !== ids.length) throw this.#disordered(row.number, ids.length);
        ids.push(row.id);
      }
      // What is written when a trial begins stays; only other programs add to it while it runs.
      if (!known || known.state !== state || (state === 'running' && row.worker === null)) changed.set(row.number, state);
      if (state === 'running' && this.#isFree(row)) left.add(row.number);
    }
    const read = changed.size ? await readTrials(queries, changed, ids) : [];
    // All at once: what breaks off in between is read again from where it began.
    this.#ids = ids;
    for (const record of read) this.#put(record);
    this.#left = left;
    this.#isNew = false;
  }

  #put(record: TrialRecord): void {
    const known = this.#records[record.number];
    if (!known) {
      this.#records[record.number] = record;
      return;
    }
    const { params, reports, userAttrs, values, constraints, state } = record;
    Object.assign(known, { values, constraints, state });
    for (const [name, p] of params) if (!known.params.has(name)) known.params.set(name, p);
    for (const [step, value] of reports) known.reports.set(step, value);
    for (const [key, value] of userAttrs) known.userAttrs.set(key, value);
  }

  /** Whether a running trial is nobody's. */
  #isFree({ id, worker, lapsed, beat }: TrialRow): boolean {
    if (worker !== null) return lapsed === true && !this.#mine.has(id);
    const known = this.#outside.get(id);
    if (!known && !this.#isNew) return false;
    if (!known || known.beat !== beat) this.#outside.set(id, { beat, since: performance.now() });
    const { since } = this.#outside.get(id)!;
    return beat === null || performance.now() - since > OUTSIDE_MS;
  }

  /** Says that this process lives, and what of it comes on. */
  async #beat(): Promise<void> {
    const { connection, worker, waits } = this.#place;
    const since = performance.now() - waits.silent;
    const held = [...this.#mine].filter(([, at]) => at > since).map(([id]) => id);
    try {
      await renew(connection, worker, held);
    } catch (e) {
      this.#change?.reject(e);
    }
  }

  #wake(): void {
    const change = this.#change;
    this.#change = null;
    clearTimeout(change?.timer);
    change?.resolve();
  }

  get #holder(): Holder {
    const { worker, waits } = this.#place;
    return { worker, believed: waits.believed, zone: this.#zone };
  }

  /** Of times without a zone: UTC, or that of this process. */
  get #zone(): string {
    return this.#place.clock === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  #gone(): CompressError {
    const { name, connection } = this.#place;
    return new CompressError('bad-file', `the study "${name}" was deleted from ${connection.where}`, 'begin it anew');
  }

  #disordered(number: number, due: number): CompressError {
    return new CompressError(
      'bad-file',
      `the study "${this.#place.name}" has a trial ${number} where number ${due} was due`,
      'begin a new study: trials were deleted from this one, or added without its lock',
    );
  }
}
