/** What a person has to mend is one message that says what, and no secret. */
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openStudy } from '../../src/study/index.ts';
import { checkTerms, PostgresStorage, type SharedStudy } from '../../src/study/postgres/storage.ts';
import { inProcess } from '../cli/in_process.ts';
import { isRefused, step } from '../study/contract.ts';
import { PASSWORD, run, Server } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'thumbnet-refusals-'));

/** A certificate for 127.0.0.1 that signs itself. @returns its file and its key's */
function certificate(name: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    key,
    '-out',
    cert,
    ...subject,
  ]);
  return { cert, key };
}

const [own, other] = [certificate('server'), certificate('other')];
const s = await Server.start();

/** One message on stderr, no stack, the exit code of wrong input, and nothing of a secret. */
async function refuses(message: RegExp, ...args: string[]): Promise<void> {
  const { code, out, err } = await inProcess(...args);
  assert.equal([code, out], [2, ''], err);
  assert.match(err, message);
  assert.match(err, /^error: .*\n {2}fix: .*\n$/);
  assert.not.ok(err.includes(PASSWORD) || err.includes('opensesame') || err.includes(encodeURIComponent(PASSWORD)), err);
}

/** Runs with another password, or none, in the environment. */
async function withPassword(password: string | undefined, work: () => Promise<void>): Promise<void> {
  const home = process.env.HOME;
  if (password === undefined) delete process.env.PGPASSWORD;
  else process.env.PGPASSWORD = password;
  process.env.HOME = folder;
  try {
    await work();
  } finally {
    process.env.PGPASSWORD = PASSWORD;
    process.env.HOME = home;
  }
}

test('a wrong password, none, and one from ~/.pgpass', async () => {
  const url = s.url('postgres');
  await withPassword('opensesame', () => refuses(/refuses the password[\s\S]*PGPASSWORD, or write a line/, 'status', url));
  await withPassword(undefined, () => refuses(/asks for a password, and none is given/, 'status', url));
  writeFileSync(join(folder, '.pgpass'), `127.0.0.1:${s.port}:*:postgres:${PASSWORD}\n`, { mode: 0o600 });
  await withPassword(undefined, async () => assert.is((await inProcess('status', url)).code, 0));
  // A process of its own: what the client warns of is said once in each.
  const alone = spawnSync(process.execPath, ['--import', 'tsx', 'src/cli.ts', 'status', url], {
    encoding: 'utf8',
    env: { ...process.env, PGPASSWORD: undefined, HOME: folder },
  });
  assert.equal([alone.status, alone.stderr], [0, '']);
  rmSync(join(folder, '.pgpass'));
});

test('a password in the URL is refused before anything else, and not repeated', async () => {
  const [whole, option] = [`postgresql://me:opensesame@127.0.0.1:1/d`, `postgresql://me@127.0.0.1:1/d?password=opensesame`];
  for (const url of [whole, option]) {
    await refuses(/the URL of 127.0.0.1:1 holds a password, which process lists and logs would show/, 'status', url);
    await refuses(/holds a password/, 'worker', '--storage', url);
    await refuses(/holds a password/, 'report', url);
    const rest = ['--data', 'd', '--target', 'stm32l476rg'];
    await refuses(/holds a password/, 'compress', 'net.tflite', '--storage', url, ...rest);
  }
});

test('no such database, no such user, nobody there, no URL', async () => {
  await refuses(/is not there: database "nowhere" does not exist\n {2}fix: make it by `createdb`/, 'status', s.url('nowhere'));
  await refuses(/refuses the password/, 'status', s.url('postgres', '', '127.0.0.1', 'nobody'));
  const gone = new PostgresStorage('postgresql://postgres@127.0.0.1:1/d', { host: 'h', process: 1, threads: 1 }, { first: 500 });
  await isRefused(gone.prepare(), 'cannot-write', /127.0.0.1:1\/d does not answer: .*ECONNREFUSED/);
  await refuses(/the storage is no URL/, 'status', 'db');
  await refuses(/sslmode=some in the URL is no mode of TLS/, 'status', s.url('postgres', '?sslmode=some'));
  await refuses(
    /sslmode=verify-ca in the URL does not say whose certificates/,
    'status',
    s.url('postgres', '?sslmode=verify-ca'),
  );
  await refuses(/the storage is a URL of mysql/, 'worker', '--storage', 'mysql://a/b');
});

test('a user that may not make tables', async () => {
  const database = s.database();
  s.sql('postgres', `CREATE USER guest PASSWORD '${PASSWORD}'`);
  const storage = new PostgresStorage(s.url(database, '', '127.0.0.1', 'guest'), { host: 'h', process: 1, threads: 1 });
  await isRefused(storage.prepare(), 'cannot-write', /forbids it: permission denied for schema public/);
  await storage.close();
});

test('a table that is missing, and tables of another version of ours', async () => {
  const database = s.database();
  const study = await openStudy({ storage: s.storage(database), name: 's' });
  await step(study);
  s.sql(database, 'ALTER TABLE trial_params RENAME TO elsewhere');
  await isRefused(step(study), 'cannot-write', /lacks a table: relation "trial_params" does not exist/);
  s.sql(database, 'ALTER TABLE elsewhere RENAME TO trial_params');
  await study.close();
  const again = await openStudy({ storage: s.storage(database), name: 's', resume: true });
  assert.is(again.trials[0].state, 'complete', 'what was told is kept');
  await step(again);
  s.sql(database, 'UPDATE thumbnet.version SET version = 99');
  await refuses(/has tables of another version of Thumbnet \(99, here 1\)/, 'status', s.url(database));
});

test('a study that was begun with something else, and one that is there already', async () => {
  const database = s.database();
  const open = (seed: number, resume: boolean) => openStudy({ storage: s.storage(database), name: 's', seed, resume });
  await step(await open(1, false));
  await isRefused(open(1, false), 'exists', /the study "s" already exists with 1 trials/);
  await isRefused(open(2, true), 'bad-option', /begun with seed 1, not 2/);
});

test('a worker of another version, with other kernels or plugins, is named', () => {
  const terms = { version: '1.2.3', kernels: 'a'.repeat(64), plugins: ['p'] };
  const rest = { name: 'net', artifacts: null, task: '', goal: '', result: null, isOver: false, leftMs: null };
  const study: SharedStudy = { ...terms, ...rest };
  checkTerms(study, terms);
  const refused = (change: Partial<typeof terms>, message: RegExp) =>
    assert.throws(() => checkTerms(study, { ...terms, ...change }), message);
  refused({ version: '1.2.4' }, /"net" is run by Thumbnet 1\.2\.3, and this is 1\.2\.4[\s\S]*install thumbnet@1\.2\.3/);
  refused({ kernels: 'b'.repeat(64) }, /with the kernels a{64}, and here are b{64}/);
  refused({ plugins: [] }, /with the plugins p, and here are none/);
});

/** A folder that holds 6 MB. @returns gives it more room, or takes it away */
function smallDisk(name: string): { room: string; more: () => void; remove: () => void } {
  const room = join(s.folder, name);
  mkdirSync(room);
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'none', room], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`a disk that is full is made by mounting one of 6 MB, which needs root: ${stderr}`);
  const { uid, gid } = statSync(s.data);
  chownSync(room, uid, gid);
  const more = () => void run('mount', ['-o', 'remount,size=30m', room]);
  return { room, more, remove: () => spawnSync('umount', [room]) };
}

test('a full disk of the server: one message, and what was told is kept', async () => {
  const { room, more, remove } = smallDisk('small');
  const database = s.database();
  try {
    s.sql('postgres', `CREATE TABLESPACE small LOCATION '${room}'`);
    const storage = s.storage(database);
    await storage.prepare();
    for (const table of ['thumbnet.content_parts', 'trials', 'trial_params', 'trial_user_attributes'])
      s.sql(database, `ALTER TABLE ${table} SET TABLESPACE small`);
    const study = await openStudy({ storage, name: 's' });
    for (let i = 0; i < 3; i++) await step(study);
    const before = study.trials;
    const noise = (n: number) => Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * i * (n + 3)) >> 5);
    const fill = async () => {
      for (let n = 0; n < 10; n++) await storage.artifacts.put(noise(n));
    };
    await isRefused(fill(), 'cannot-write', /has no room left on its disk\n {2}fix: make room there, then resume/);
    const trial = async () => {
      for (let i = 0; i < 400; i++) await step(study);
    };
    await isRefused(trial(), 'cannot-write', /has no room left on its disk/);
    await study.close();
    more();
    const again = await openStudy({ storage: s.storage(database), name: 's', resume: true });
    assert.equal(again.trials.slice(0, 3), before);
    await step(again);
  } finally {
    await s.closeAll();
    s.sql('postgres', `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    s.sql('postgres', 'DROP TABLESPACE small');
    remove();
  }
});

test('TLS by the options of the URL', async () => {
  const key = readFileSync(own.key, 'utf8');
  const { uid, gid } = statSync(s.data);
  const place = join(s.data, 'server.key');
  writeFileSync(place, key, { mode: 0o600 });
  chownSync(place, uid, gid);
  writeFileSync(join(s.data, 'server.crt'), readFileSync(own.cert));
  await refuses(/offers no TLS\n {2}fix: leave sslmode out/, 'status', s.url('postgres', '?sslmode=require'));
  s.sql('postgres', 'ALTER SYSTEM SET ssl = on');
  s.stop();
  s.start();
  for (const options of [
    '?sslmode=require',
    `?sslmode=verify-full&sslrootcert=${own.cert}`,
    `?sslmode=verify-ca&sslrootcert=${own.cert}`,
  ])
    assert.is((await inProcess('status', s.url('postgres', options))).code, 0, options);
  await refuses(
    /cannot be trusted: self-signed certificate/,
    'status',
    s.url('postgres', `?sslmode=verify-full&sslrootcert=${other.cert}`),
  );
  await refuses(/cannot be trusted: self-signed certificate/, 'status', s.url('postgres', '?sslmode=verify-full'));
  await refuses(/needs a file that is not there/, 'status', s.url('postgres', '?sslmode=verify-full&sslrootcert=/no/where.pem'));
  const storage = new PostgresStorage(s.url('postgres', '?sslmode=require'), { host: 'h', process: 1, threads: 1 });
  const [{ ssl }] = await storage.connection.rows<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
  await storage.close();
  assert.ok(ssl);
});

test.after(async () => {
  await s.closeAll();
  s.remove();
  rmSync(folder, { recursive: true, force: true });
});
test.run();
