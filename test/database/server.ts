/** A PostgreSQL server of the tests' own. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresStorage } from '../../src/study/postgres/storage.ts';

/** Of the superuser; processes get it in the environment. */
export const PASSWORD = 'an unlikely secret';
process.env.PGPASSWORD = PASSWORD;

const INSTALLED = '/usr/lib/postgresql';

/** The folder of the server's programs. */
function programs(): string {
  const versions = existsSync(INSTALLED)
    ? readdirSync(INSTALLED)
        .map(Number)
        .sort((a, b) => b - a)
    : [];
  const found = versions.map((v) => join(INSTALLED, String(v), 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  if (!found) throw new Error(`there is no PostgreSQL under ${INSTALLED}: apt-get install postgresql`);
  return found;
}

/** PostgreSQL does not run as root: then it runs as its own user. */
function owner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  if (!uid) throw new Error('there is no user "postgres": apt-get install postgresql');
  return { uid: Number(uid), gid: Number(gid) };
}

export function run(program: string, args: readonly string[], options: Parameters<typeof spawnSync>[2] = {}): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', cwd: '/', ...options });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? `${stdout ?? ''}${stderr ?? ''}`}`);
  return String(stdout ?? '');
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export class Server {
  readonly folder: string;
  readonly port: number;
  readonly #bin = programs();
  readonly #owner = owner();
  readonly #storages: PostgresStorage[] = [];
  #databases = 0;

  /** @param address where it listens beside the machine's own */
  static async start(settings: Readonly<Record<string, string>> = {}, address?: string): Promise<Server> {
    const server = new Server(await freePort(), settings, address);
    server.start();
    process.on('exit', () => server.remove());
    return server;
  }

  private constructor(port: number, settings: Readonly<Record<string, string>>, address?: string) {
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'thumbnet-postgres-'));
    if (this.#owner) chownSync(this.folder, this.#owner.uid, this.#owner.gid);
    const word = join(this.folder, 'password');
    writeFileSync(word, PASSWORD);
    this.#run(
      'initdb',
      '-D',
      this.data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      `--pwfile=${word}`,
      '--no-sync',
      '--locale=C.UTF-8',
    );
    const listen = address ? `127.0.0.1,${address}` : '127.0.0.1';
    if (address) appendFileSync(join(this.data, 'pg_hba.conf'), 'host all all samenet scram-sha-256\n');
    const all = {
      listen_addresses: listen,
      unix_socket_directories: this.folder,
      fsync: 'off',
      max_connections: '200',
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name} = '${value}'\n`);
    appendFileSync(join(this.data, 'postgresql.conf'), lines.join(''));
  }

  get data(): string {
    return join(this.folder, 'data');
  }

  /** What it has written about its work. */
  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  start(): void {
    this.#run('pg_ctl', '-w', '-D', this.data, '-o', `-p ${this.port}`, '-l', join(this.folder, 'log'), 'start');
  }

  stop(how: 'fast' | 'immediate' = 'fast'): void {
    this.#run('pg_ctl', '-w', '-D', this.data, '-m', how, 'stop');
  }

  remove(): void {
    try {
      this.stop('immediate');
    } catch {}
    rmSync(this.folder, { recursive: true, force: true });
  }

  url(database: string, options = '', host = '127.0.0.1', user = 'postgres'): string {
    return `postgresql://${user}@${host}:${this.port}/${database}${options}`;
  }

  /** A new database, empty or a copy. @returns its name */
  database(template = 'template0'): string {
    const name = `d${this.#databases++}`;
    this.sql('postgres', `CREATE DATABASE ${name} TEMPLATE ${template}`);
    return name;
  }

  /** What psql prints: rows of values between bars. */
  sql(database: string, text: string): string {
    return run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', this.url(database), '-c', text]).trim();
  }

  dump(database: string): string[] {
    const text = run('pg_dump', ['-s', '-n', 'public', '-d', this.url(database)]);
    return text.split('\n').filter((line) => line && !/^(--|SET |SELECT pg_catalog|ALTER .* OWNER TO|\\)/.test(line));
  }

  storage(database: string, waits?: ConstructorParameters<typeof PostgresStorage>[2]): PostgresStorage {
    const storage = new PostgresStorage(this.url(database), { host: 'test', process: process.pid, threads: 1 }, waits);
    this.#storages.push(storage);
    return storage;
  }

  /** Ends the connections of all storages. */
  async closeAll(): Promise<void> {
    await Promise.all(this.#storages.splice(0).map((s) => s.close()));
  }

  #run(program: string, ...args: readonly string[]): void {
    // Its output is not a pipe: the server would keep that open.
    run(join(this.#bin, program), args, { ...this.#owner, stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

let shared: Promise<Server> | null = null;

/** One for all tests that do nothing to the server itself. */
export function server(): Promise<Server> {
  shared ??= Server.start();
  return shared;
}
