/**
 * Four hosts, each a network namespace of its own, and a server in the middle: the command line as it was built. A process is killed, another hangs, a link is
 * cut, the server restarts, the process that began the study is gone: the .tflite is that of one process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { model, testFile } from '../cli/sample.ts';
import { PASSWORD, run, Server } from './server.ts';

const HOSTS = 4;
const NET = '10.213.77';
const BRIDGE = 'tnbr0';
const hostName = (i: number) => `tnhost${i}`;
/** The end of a host's link that is on our side. */
const link = (i: number) => `tnlink${i}`;

const ip = (...args: readonly string[]) => run('ip', args);

/** A bridge, and hosts on it that can reach nothing but it. */
function makeNetwork(): void {
  removeNetwork();
  try {
    ip('link', 'add', BRIDGE, 'type', 'bridge');
  } catch (e) {
    throw new Error(`hosts are network namespaces, which need root and iproute2 here: ${(e as Error).message}`);
  }
  ip('addr', 'add', `${NET}.1/24`, 'dev', BRIDGE);
  ip('link', 'set', BRIDGE, 'up');
  for (let i = 0; i < HOSTS; i++) {
    ip('netns', 'add', hostName(i));
    ip('link', 'add', link(i), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', hostName(i));
    ip('link', 'set', link(i), 'master', BRIDGE);
    ip('link', 'set', link(i), 'up');
    ip('-n', hostName(i), 'addr', 'add', `${NET}.${10 + i}/24`, 'dev', 'eth0');
    ip('-n', hostName(i), 'link', 'set', 'eth0', 'up');
    ip('-n', hostName(i), 'link', 'set', 'lo', 'up');
  }
}

/** What an earlier run may have left as well. */
function removeNetwork(): void {
  for (const args of [['link', 'del', BRIDGE], ...Array.from({ length: HOSTS }, (_, i) => ['netns', 'del', hostName(i)])]) {
    try {
      ip(...args);
    } catch {}
  }
}

makeNetwork();
process.on('exit', removeNetwork);
const s = await Server.start({}, `${NET}.1`);
const folder = mkdtempSync(join(tmpdir(), 'thumbnet-hosts-'));
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

interface Process {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  text: string;
}

/** The command line on a host; on this machine where none is named. */
function thumbnet(host: number | null, ...args: readonly string[]): Process {
  const command = [process.execPath, cli, ...args];
  const [program, ...rest] = host === null ? command : ['ip', 'netns', 'exec', hostName(host), ...command];
  const child = spawn(program, rest, { cwd: folder });
  const found: Process = { child, ended: once(child, 'close').then(([code]) => code as number | null), text: '' };
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (text) => {
      found.text += text;
    });
  return found;
}

const work = (host: number, url: string) => thumbnet(host, 'worker', '--storage', url, '--workers', '1');

/** Until something is there that SQL asks for. */
async function until(database: string, what: string, sql: string): Promise<string> {
  const late = Date.now() + 120_000;
  for (;;) {
    const found = s.sql(database, sql);
    if (found !== '' && found !== '0' && found !== 'f') return found;
    assert.ok(Date.now() < late, `for two minutes there was no ${what}`);
    await sleep(100);
  }
}

const ENDED = "SELECT count(*) >= $1 FROM trials WHERE state IN ('COMPLETE', 'FAIL')";
const ended = (n: number) => ENDED.replace('$1', String(n));

const BUDGET = ['--samples', '4K', '--parallel', '4', '--trials', '8', '--max-drop', '0.1', '--target', 'stm32l476rg'];
const compress = (...more: readonly string[]) =>
  thumbnet(null, 'compress', model, '--data', testFile, ...BUDGET, '--workers', '1', ...more);

/** The process ids that serve a trial which runs, of this machine: namespaces of networks share them. */
const RUNNING = (pids: readonly number[]) =>
  `SELECT w.process FROM thumbnet.leases l JOIN trials t USING (trial_id) JOIN thumbnet.workers w USING (worker_id)
   WHERE t.state = 'RUNNING' AND w.process IN (${pids.join(', ')}) ORDER BY t.number LIMIT 1`;

test('four hosts, and all that may go wrong on them: the result is that of one process, byte for byte', async () => {
  const database = s.database();
  const [here, there] = [s.url(database), s.url(database, '', `${NET}.1`)];
  const whole = compress('--out', 'whole');
  assert.is(await whole.ended, 0, whole.text);

  // The process that begins it leaves at once.
  const first = compress('--storage', here, '--out', 'first');
  await until(database, 'study', "SELECT count(*) FROM pg_class WHERE relname = 'leases'");
  await until(database, 'trial that runs', 'SELECT count(*) FROM thumbnet.leases');
  first.child.kill('SIGKILL');
  await first.ended;

  const workers = Array.from({ length: HOSTS }, (_, i) => work(i, there));
  const pids = () => workers.map((w) => w.child.pid!);
  const commands = readFileSync(`/proc/${workers[0].child.pid}/cmdline`, 'utf8');
  assert.not(commands.includes(PASSWORD));

  // Killed while it runs a trial, and started again.
  const killed = pids().indexOf(Number(await until(database, 'trial of a worker', RUNNING(pids()))));
  workers[killed].child.kill('SIGKILL');
  await workers[killed].ended;
  workers[killed] = work(killed, there);

  // Cut off while it runs a trial, for 20 s.
  const others = pids().filter((_, i) => i !== killed);
  const cut = pids().indexOf(Number(await until(database, 'trial of another worker', RUNNING(others))));
  ip('link', 'set', link(cut), 'down');
  const cutAt = Date.now();

  await until(database, 'trial that ended', ended(1));
  s.stop('fast');
  await sleep(1000);
  s.start();

  await sleep(Math.max(0, cutAt + 20_000 - Date.now()));
  ip('link', 'set', link(cut), 'up');

  for (const worker of workers) assert.is(await worker.ended, 0, worker.text);
  assert.is(s.sql(database, "SELECT count(*) FROM trials WHERE state <> 'COMPLETE'"), '0');
  assert.is(s.sql(database, 'SELECT count(*) FROM thumbnet.leases WHERE is_told'), '8');
  assert.ok(Number(s.sql(database, 'SELECT sum(times - 1) FROM thumbnet.leases')) >= 2, 'trials were handed out again');

  const report = thumbnet(0, 'report', there, '--out', 'shared');
  assert.is(await report.ended, 0, report.text);
  for (const name of ['model.tflite', 'recipe.json'])
    assert.equal(readFileSync(join(folder, 'shared', name)), readFileSync(join(folder, 'whole', name)), name);
  assert.ok(existsSync(join(folder, 'shared', 'report.html')));

  const said = [first, ...workers, report].map((p) => p.text).join('') + s.log;
  const written = ['history.json', 'report.html', 'recipe.json']
    .map((name) => readFileSync(join(folder, 'shared', name), 'utf8'))
    .join('');
  const dump = run('pg_dump', ['--data-only', '-n', 'public', '-d', here]);
  for (const [where, text] of Object.entries({ said, written, dump }))
    assert.not(text.includes(PASSWORD), `the password is in what is ${where}`);
});

test.after(() => {
  s.remove();
  removeNetwork();
  rmSync(folder, { recursive: true, force: true });
});
test.run();
