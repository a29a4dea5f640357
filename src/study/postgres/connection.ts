/** One connection to a database: it is made again when it breaks, and what it was to do is then done again. */
import type { Client, Notification, QueryResult } from 'pg';
import { CompressError } from '../../errors.ts';
import { Serial } from '../../search/serial.ts';
import { checkAddress, clientAddress, shownAddress } from './address.ts';
import { explained, passes } from './failures.ts';
import { WAITS, type Waits } from './waits.ts';

export type Value = string | number | boolean | null | Uint8Array | Date | readonly (string | number)[];
export type Row = Readonly<Record<string, unknown>>;

/** What work may ask of a connection. */
export interface Queries {
  rows<T = Row>(sql: string, values?: readonly Value[]): Promise<T[]>;
}

const CONNECT_MS = 10_000;
/** Longer than any statement here takes, so that a link that swallows packets is found out. */
const QUERY_MS = 20_000;
const PAUSE_MS = { first: 100, most: 5_000 };

/** The server gives up a client that it cannot reach, and what that has locked. */
const SESSION = [
  "SET TIME ZONE 'UTC'",
  "SET idle_in_transaction_session_timeout = '10s'",
  "SET lock_timeout = '15s'",
  'SET tcp_keepalives_idle = 5',
  'SET tcp_keepalives_interval = 5',
  'SET tcp_keepalives_count = 3',
  "SET tcp_user_timeout = '15s'",
  'SET client_min_messages = warning',
].join('; ');

export class Connection {
  /** The database, as it may be shown. */
  readonly where: string;
  readonly #address: string;
  readonly #waits: Waits;
  readonly #turns = new Serial();
  readonly #heard = new Set<(payload: string) => void>();
  #channel: string | null = null;
  #client: Client | null = null;
  #wasThere = false;
  #isClosed = false;
  /** When nothing is tried again any more. */
  #end = Number.POSITIVE_INFINITY;

  /** @throws CompressError `bad-option` for an address that is none, or has a password in it */
  constructor(address: string, waits: Waits = WAITS) {
    this.#address = checkAddress(address);
    this.where = shownAddress(address);
    this.#waits = waits;
  }

  /** A statement. It may be run twice, where its answer was lost. */
  rows<T = Row>(sql: string, values: readonly Value[] = []): Promise<T[]> {
    return this.run((queries) => queries.rows<T>(sql, values));
  }

  /** All or nothing, and nothing of others in between that locked rows are about. It may be run twice, where the answer to its end was lost. */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return this.run(async (queries) => {
      await queries.rows('BEGIN ISOLATION LEVEL READ COMMITTED');
      try {
        const result = await work(queries);
        await queries.rows('COMMIT');
        return result;
      } catch (e) {
        if (!isLost(e)) await queries.rows('ROLLBACK').catch(() => this.#drop());
        throw e;
      }
    });
  }

  /**
   * Work by one process at a time, in the order of the calls.
   *
   * @throws CompressError `cannot-write` once it was tried for long enough, or for what no other try would mend
   */
  run<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#turns.run(async () => {
      const begun = performance.now();
      for (let pause = PAUSE_MS.first; ; pause = Math.min(2 * pause, PAUSE_MS.most)) {
        try {
          return await work(await this.#queries());
        } catch (e) {
          if (isLost(e)) this.#drop();
          const patience = this.#wasThere ? this.#waits.later : this.#waits.first;
          const next = performance.now() + pause;
          if (this.#isClosed || !passes(e) || next > Math.min(begun + patience, this.#end)) throw explained(e, this.where);
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    });
  }

  /** Has `heard` called with each message on a channel, and when one may have been missed. */
  async listen(channel: string, heard: (payload: string) => void): Promise<() => void> {
    this.#heard.add(heard);
    if (this.#channel !== channel) {
      this.#channel = channel;
      await this.rows(`LISTEN ${channel}`);
    }
    return () => this.#heard.delete(heard);
  }

  /** From now on nothing is tried again for longer than `ms`. @returns goes back to the usual patience */
  hurry(ms: number): () => void {
    this.#end = performance.now() + ms;
    return () => {
      this.#end = Number.POSITIVE_INFINITY;
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const client = this.#client;
    this.#client = null;
    // One that cannot be reached is not waited for.
    if (client) await Promise.race([client.end().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
  }

  async #queries(): Promise<Queries> {
    const client = this.#client ?? (await this.#connect());
    return {
      async rows<T>(sql: string, values: readonly Value[] = []) {
        const result: QueryResult = await client.query(sql, values.map(toParameter));
        return result.rows as T[];
      },
    };
  }

  async #connect(): Promise<Client> {
    if (this.#isClosed) throw new CompressError('interrupted', `the connection to ${this.where} is closed`, 'open it again');
    const { default: pg } = await import('pg');
    const client = new pg.Client({
      connectionString: clientAddress(this.#address),
      application_name: 'thumbnet',
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: QUERY_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
    });
    // Where PGPASSWORD is not set. The client's own way there warns people of what is nothing to them.
    (client as unknown as { password: unknown }).password ??= kept;
    client.on('error', () => this.#drop(client));
    client.on('end', () => this.#drop(client));
    client.on('notification', ({ payload = '' }: Notification) => this.#tell(payload));
    try {
      await client.connect();
      await client.query(SESSION);
      if (this.#channel) await client.query(`LISTEN ${this.#channel}`);
    } catch (e) {
      client.end().catch(() => {});
      throw e;
    }
    this.#client = client;
    if (this.#wasThere) this.#tell('');
    this.#wasThere = true;
    return client;
  }

  #tell(payload: string): void {
    for (const heard of this.#heard) heard(payload);
  }

  #drop(client = this.#client): void {
    if (!client || this.#client !== client) return;
    this.#client = null;
    // The socket at once: a peer that is cut off answers no farewell.
    (client as unknown as { connection?: { stream?: { destroy(): void } } }).connection?.stream?.destroy();
  }
}

/** The password that ~/.pgpass has for a connection; none: undefined. */
async function kept(place: Parameters<typeof import('pgpass').default>[0]): Promise<string | undefined> {
  const { default: pgpass } = await import('pgpass');
  return new Promise((resolve) => pgpass(place, resolve));
}

const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/** Whether the connection cannot be used any more. */
function isLost(e: unknown): boolean {
  const { code } = e as { code?: string };
  return !(e instanceof CompressError) && (!code || !SQLSTATE.test(code) || /^(08|57P)/.test(code) || code === '25P03');
}

/** -0 and what JSON lacks as PostgreSQL reads them. */
const toParameter = (v: Value): unknown =>
  typeof v === 'number' && Object.is(v, -0)
    ? '-0'
    : v instanceof Uint8Array
      ? Buffer.from(v.buffer, v.byteOffset, v.byteLength)
      : v;
