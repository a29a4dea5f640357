import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite, test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRandom } from '../../src/random.ts';
import { FileStorage, FolderArtifacts } from '../../src/study/file.ts';
import { type Artifacts, MemoryArtifacts, MemoryStorage, openStudy } from '../../src/study/index.ts';
import { holdFile } from '../../src/study/lock.ts';
import { isRefused, type MakeStorage, step, storageContract } from './contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'study-'));
let files = 0;
const newPath = () => join(folder, `${files++}.log`);

const STORAGES: Record<string, MakeStorage> = {
  memory: () => {
    let last = new MemoryStorage();
    return { open: () => (last = new MemoryStorage(last.text)) };
  },
  file: () => {
    const path = newPath();
    return { open: () => new FileStorage(path) };
  },
};
for (const [name, storage] of Object.entries(STORAGES)) storageContract(name, storage);

test('a file is torn anywhere: the whole lines stay, and the next one starts afresh', async () => {
  const path = newPath();
  const study = await openStudy({ storage: new FileStorage(path), name: 's' });
  for (let i = 0; i < 3; i++) await step(study);
  const text = readFileSync(path);
  for (let length = 0; length <= text.length; length += 251) {
    writeFileSync(path, text.subarray(0, length));
    const again = await openStudy({ storage: new FileStorage(path), name: 's', resume: true });
    for (let i = again.trials.filter((t) => t.state !== 'running').length; i < 4; i++) await step(again);
    assert.equal(again.trials.slice(0, 3), study.trials);
    for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) JSON.parse(line.replaceAll('Infinity', '1'));
  }
});

test('a study of another version is not resumed; one that another program began is', async () => {
  const begun = (settings: string) =>
    new MemoryStorage(
      `{"op_code":0,"worker_id":"w","study_name":"s","directions":[1]}\n{"op_code":2,"worker_id":"w","study_id":0,"user_attr":{${settings}}}\n`,
    );
  const open = (storage: MemoryStorage) => openStudy({ storage, name: 's', resume: true });
  const old = begun('"thumbnet:settings":{"seed":0,"lag":null}');
  await isRefused(
    open(old),
    'bad-option',
    /begun by another version of Thumbnet \(its studies have version 1, here they have 2\)/,
  );
  const other = begun('"note":1');
  await step(await open(other));
  assert.is((await open(other)).records.length, 1);
});

test('a line that is no operation is named', async () => {
  const path = newPath();
  await openStudy({ storage: new FileStorage(path), name: 's' });
  appendFileSync(path, 'hello\n');
  await isRefused(
    openStudy({ storage: new FileStorage(path), name: 's', resume: true }),
    'bad-file',
    /line 3 of .*\.log is not an operation/,
  );
});

test('a second process that adds trials is noticed; notes are not minded', async () => {
  const path = newPath();
  const study = await openStudy({ storage: new FileStorage(path), name: 's' });
  await step(study);
  appendFileSync(path, '{"op_code":8,"worker_id":"dashboard","trial_id":0,"user_attr":{"note":"good"}}\n');
  await step(study);
  await step(await openStudy({ storage: new FileStorage(path), name: 's', resume: true }));
  await isRefused(step(study), 'exists', /another process \(thumbnet-[0-9a-f]{32}\) is running the study "s"/);
});

test('a folder that is not there cannot be written', async () => {
  await isRefused(openStudy({ storage: new FileStorage(join(folder, 'no', 'where.log')), name: 's' }), 'cannot-write', /ENOENT/);
});

test('the lock of a dead process is taken over at once, one that names no process after half a minute', async () => {
  const path = newPath();
  const lock = `${path}.lock`;
  writeFileSync(lock, `${hostname()} 999999999`);
  const study = await openStudy({ storage: new FileStorage(path), name: 's' });
  assert.not(existsSync(lock));
  symlinkSync(path, lock);
  const { now } = Date;
  let asked = 0;
  Date.now = () => now() + 10_000 * asked++;
  try {
    await step(study);
  } finally {
    Date.now = now;
  }
  assert.not(existsSync(lock));
  assert.ok(asked > 3, `the clock was asked ${asked} times`);
});

test('what one process holds another is refused, until it releases it or is dead', async () => {
  const path = newPath();
  const mark = `${path}.running`;
  const free = holdFile(path, 'the study');
  assert.throws(() => holdFile(path, 'the study'), /process \d+ on .* is running the study[\s\S]*remove .*\.running/);
  free();
  assert.not(existsSync(mark));
  // Dead; of this process' number, but not made by it.
  for (const pid of [999999999, process.pid]) {
    writeFileSync(mark, `${hostname()} ${pid}`);
    holdFile(path, 'the study')();
    assert.not(existsSync(mark));
  }
  // Its process has not written its name yet.
  writeFileSync(mark, '');
  assert.throws(() => holdFile(path, 'the study'), /another process is running the study/);
  utimesSync(mark, 1, 1);
  holdFile(path, 'the study')();
  assert.not(existsSync(mark));
});

test('a live lock is waited for', async () => {
  const path = newPath();
  const lock = `${path}.lock`;
  await openStudy({ storage: new FileStorage(path), name: 's' });
  symlinkSync(path, lock);
  utimesSync(path, new Date(), new Date());
  const child = spawn('sh', ['-c', `sleep 0.3; rm '${lock}'`]);
  const start = Date.now();
  await step(await openStudy({ storage: new FileStorage(path), name: 's', resume: true }));
  assert.ok(Date.now() - start >= 200);
  await new Promise((done) => child.once('exit', done));
});

const ARTIFACTS: Record<string, () => Artifacts> = {
  memory: () => new MemoryArtifacts(),
  folder: () => new FolderArtifacts(join(folder, `artifacts${files++}`)),
};
for (const [name, make] of Object.entries(ARTIFACTS)) {
  test(`artifacts in ${name}: named by content`, async () => {
    const artifacts = make();
    const bytes = new TextEncoder().encode('abc');
    const hash = await artifacts.put(bytes);
    assert.is(hash, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    assert.is(await artifacts.put(bytes), hash);
    assert.equal(await artifacts.get(hash), bytes);
    assert.is(await artifacts.get('0'.repeat(64)), null);
  });
}

test('artifacts leave nothing half written', async () => {
  const path = join(folder, 'whole');
  const artifacts = new FolderArtifacts(path);
  const names = await Promise.all([1, 2, 3].map((n) => artifacts.put(new Uint8Array(1000).fill(n))));
  assert.equal(readdirSync(path).sort(), [...names].sort());
});

test.run();

const killed = suite('killed');
killed.after(() => rmSync(folder, { recursive: true }));

/** Runs the study's process; kills it a moment after it has begun `trials` trials, or lets it end. */
function runChild(path: string, workers: number, trials: number, ms = 0): Promise<number | null> {
  const script = fileURLToPath(new URL('worker.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, path, '40', String(workers)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let begun = 0;
  child.stdout.on('data', (text: Buffer) => {
    begun += text.toString().split('\n').length - 1;
    if (begun >= trials) setTimeout(() => child.kill('SIGKILL'), ms);
  });
  return new Promise((done) => child.once('exit', done));
}

const readJournal = async (file: string) =>
  (await openStudy({ storage: new FileStorage(file), name: 'main', resume: true, seed: 3, lag: 4 })).trials;

killed('kill -9 again and again: the study ends as the one that was left alone', async () => {
  const alone = newPath();
  assert.is(await runChild(alone, 1, Infinity), 0);
  const path = newPath();
  const random = createRandom(1, 'test/kill');
  for (let i = 0; i < 5; i++) assert.is(await runChild(path, 4, 1 + random.below(6), random.below(10)), null);
  assert.ok((await readJournal(path)).some((t) => t.state !== 'complete'));
  assert.is(await runChild(path, 3, Infinity), 0);
  const trials = await readJournal(path);
  assert.is(trials.length, 40);
  assert.equal(trials, await readJournal(alone));
  assert.ok(trials.every((t) => t.state === 'complete'));
});

killed.run();
