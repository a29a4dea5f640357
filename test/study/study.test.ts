import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
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
import { EvolutionSampler, Halving, RandomSampler, type Sampler, type Study, TpeSampler } from '../../src/search/index.ts';
import { FileStorage, FolderArtifacts } from '../../src/study/file.ts';
import { holdFile } from '../../src/study/lock.ts';
import { type Artifacts, MemoryArtifacts, MemoryStorage, openStudy, type Storage } from '../../src/study/index.ts';
import { space } from './space.ts';

const folder = mkdtempSync(join(tmpdir(), 'study-'));
let files = 0;
const newPath = () => join(folder, `${files++}.log`);

/** A storage that can be opened again, as a later process would. */
const STORAGES: Record<string, () => { open: () => Storage; text: () => string }> = {
  memory: () => {
    let last = new MemoryStorage();
    return { open: () => (last = new MemoryStorage(last.text)), text: () => last.text };
  },
  file: () => {
    const path = newPath();
    return { open: () => new FileStorage(path), text: () => readFileSync(path, 'utf8') };
  },
};
const SAMPLERS: Record<string, () => Sampler> = {
  random: () => new RandomSampler(),
  tpe: () => new TpeSampler(),
  evolution: () => new EvolutionSampler({ populationSize: 5 }),
};

function step(study: Study): void {
  const trial = study.ask();
  const value = space(trial);
  trial.setUserAttr('sizes', { flashBytes: trial.number, layers: ['a', null] });
  if (trial.number % 5 === 4) study.tell(trial, null, { state: 'failed' });
  else if (trial.number % 5 === 3) {
    trial.report(value, 2);
    study.tell(trial, null, { state: 'pruned' });
  } else study.tell(trial, trial.number === 7 ? Number.POSITIVE_INFINITY : value, { constraints: [0.1, -1e-7] });
}

const same = (a: Study, b: Study) => assert.equal(JSON.parse(JSON.stringify(a.trials)), JSON.parse(JSON.stringify(b.trials)));

for (const [storageName, storage] of Object.entries(STORAGES)) {
  for (const [samplerName, sampler] of Object.entries(SAMPLERS)) {
    test(`${storageName}, ${samplerName}: what is read back is what was kept, and the study goes on as if it had not stopped`, () => {
      const whole = openStudy({ storage: new MemoryStorage(), name: 's', lag: 1, sampler: sampler() });
      for (let i = 0; i < 20; i++) step(whole);
      const { open } = storage();
      let study = openStudy({ storage: open(), name: 's', lag: 1, sampler: sampler() });
      for (let i = 0; i < 20; i++) {
        step(study);
        if (i % 7 !== 6) continue;
        const again = openStudy({ storage: open(), name: 's', lag: 1, sampler: sampler(), resume: true });
        same(again, study);
        study = again;
      }
      same(study, whole);
    });
  }

  test(`${storageName}: a running trial is asked for again, with its number and its parameters`, async () => {
    const { open } = storage();
    const options = { name: 's', seed: 5, lag: 3 };
    const first = openStudy({ ...options, storage: open() });
    const lost = [0, 1, 2].map((n) => {
      const trial = first.ask();
      if (n < 2) space(trial);
      else trial.suggestFloat('x', -1, 1);
      return trial;
    });
    await Promise.resolve();
    first.tell(lost[1], 1);
    const second = openStudy({ ...options, storage: open(), resume: true });
    const again = [second.ask(), second.ask()];
    assert.equal(
      again.map((t) => t.number),
      [0, 2],
    );
    space(again[0]);
    assert.equal(again[0].params, lost[0].params);
    space(again[1]);
    assert.is(again[1].params.x, lost[2].params.x);
    second.tell(again[0], 1);
    second.tell(again[1], 1);
    assert.is(second.ask().number, 3);
  });

  test(`${storageName}: two studies in one journal, one of them maximised`, () => {
    const { open } = storage();
    const a = openStudy({ storage: open(), name: 'a' });
    step(a);
    const b = openStudy({ storage: open(), name: 'b', directions: ['maximize', 'minimize'] });
    b.tell(b.ask(), [1, Number.NEGATIVE_INFINITY]);
    const again = openStudy({ storage: open(), name: 'b', resume: true, directions: ['maximize', 'minimize'] });
    assert.equal(
      again.trials.map((t) => t.values),
      [[1, Number.NEGATIVE_INFINITY]],
    );
  });

  test(`${storageName}: enqueued trials wait in the journal and are not enqueued twice`, () => {
    const { open } = storage();
    openStudy({ storage: open(), name: 's' }).enqueue({ x: 0.25, kind: null });
    const study = openStudy({ storage: open(), name: 's', resume: true });
    study.enqueue({ x: 0.25, kind: null });
    assert.equal(
      study.trials.map((t) => t.state),
      ['waiting'],
    );
    const trial = study.ask();
    space(trial);
    assert.is(trial.params.kind, null);
  });

  test(`${storageName}: another name, seed or setting is refused`, () => {
    const { open } = storage();
    openStudy({ storage: open(), name: 's', seed: 3, settings: { target: 'm4' } });
    assert.throws(() => openStudy({ storage: open(), name: 's' }), /the study "s" already exists with 0 trials/);
    assert.throws(
      () => openStudy({ storage: open(), name: 's', resume: true, settings: { target: 'm4' } }),
      /was begun with seed 3, not 0/,
    );
    const long = (end: string) => ({ storage: open(), name: 'long', settings: { recipe: `${'a'.repeat(100)}${end}` } });
    openStudy(long('b'));
    assert.throws(() => openStudy({ ...long('c'), resume: true }), /begun with recipe "a+\.\.\., not "a+\.\.\./);
    assert.throws(
      () => openStudy({ storage: open(), name: 's', resume: true, seed: 3, settings: { target: 'm7' } }),
      /begun with target "m4", not "m7"/,
    );
    openStudy({ storage: open(), name: 's', resume: true, seed: 3, settings: { target: 'm4' } });
  });

  test(`${storageName}: rungs decide after a restart as before`, () => {
    const { open } = storage();
    const run = (restart: boolean) => {
      const fresh = () => openStudy({ storage: restart ? open() : new MemoryStorage(), name: 's', lag: 2, resume: true });
      let study = fresh();
      const stopped: boolean[] = [];
      for (let i = 0; i < 20; i++) {
        if (restart && i === 11) study = fresh();
        const trial = study.ask();
        const value = space(trial);
        stopped.push(new Halving(study).shouldStop(trial, 0, value));
        study.tell(trial, value);
      }
      return stopped;
    };
    const decisions = run(true);
    assert.equal(decisions, run(false));
    assert.ok(decisions.includes(true) && decisions.includes(false));
  });
}

test('a file is torn anywhere: the whole lines stand, and the next one starts afresh', () => {
  const path = newPath();
  const study = openStudy({ storage: new FileStorage(path), name: 's' });
  for (let i = 0; i < 3; i++) step(study);
  const text = readFileSync(path);
  for (let length = 0; length <= text.length; length += 251) {
    writeFileSync(path, text.subarray(0, length));
    const again = openStudy({ storage: new FileStorage(path), name: 's', resume: true });
    for (let i = again.trials.filter((t) => t.state !== 'running').length; i < 4; i++) step(again);
    assert.equal(again.trials.slice(0, 3), study.trials);
    for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) JSON.parse(line.replaceAll('Infinity', '1'));
  }
});

test('a line that is no operation is named', () => {
  const path = newPath();
  openStudy({ storage: new FileStorage(path), name: 's' });
  appendFileSync(path, 'hello\n');
  assert.throws(
    () => openStudy({ storage: new FileStorage(path), name: 's', resume: true }),
    /line 3 of .*\.log is not an operation/,
  );
});

test('a second process that adds trials is noticed; notes are not minded', () => {
  const path = newPath();
  const study = openStudy({ storage: new FileStorage(path), name: 's' });
  step(study);
  appendFileSync(path, '{"op_code":8,"worker_id":"dashboard","trial_id":0,"user_attr":{"note":"good"}}\n');
  step(study);
  step(openStudy({ storage: new FileStorage(path), name: 's', resume: true }));
  assert.throws(() => step(study), /another process \(thumbnet-[0-9a-f]{32}\) is running the study "s"/);
});

test('a folder that is not there cannot be written', () => {
  assert.throws(
    () => openStudy({ storage: new FileStorage(join(folder, 'no', 'where.log')), name: 's' }),
    (e: Error & { code?: string }) => e.code === 'cannot-write',
  );
});

test('the lock of a dead process is taken over at once, one that names nobody after half a minute', () => {
  const path = newPath();
  const lock = `${path}.lock`;
  writeFileSync(lock, `${hostname()} 999999999`);
  const study = openStudy({ storage: new FileStorage(path), name: 's' });
  assert.not(existsSync(lock));
  symlinkSync(path, lock);
  const { now } = Date;
  let asked = 0;
  Date.now = () => now() + 10_000 * asked++;
  try {
    step(study);
  } finally {
    Date.now = now;
  }
  assert.not(existsSync(lock));
  assert.ok(asked > 3, `the clock was asked ${asked} times`);
});

test('what one process holds another is refused, until it lets go or is dead', async () => {
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
  // Whoever made it has not told yet who it is.
  writeFileSync(mark, '');
  assert.throws(() => holdFile(path, 'the study'), /another process is running the study/);
  utimesSync(mark, 1, 1);
  holdFile(path, 'the study')();
  assert.not(existsSync(mark));
});

test('a live lock is waited for', async () => {
  const path = newPath();
  const lock = `${path}.lock`;
  openStudy({ storage: new FileStorage(path), name: 's' });
  symlinkSync(path, lock);
  utimesSync(path, new Date(), new Date());
  const child = spawn('sh', ['-c', `sleep 0.3; rm '${lock}'`]);
  const start = Date.now();
  step(openStudy({ storage: new FileStorage(path), name: 's', resume: true }));
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

/** Runs the study's process; kills it a moment after it has begun so many trials, or lets it end. */
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

const readJournal = (file: string) =>
  openStudy({ storage: new FileStorage(file), name: 'main', resume: true, seed: 3, lag: 4 }).trials;

killed('kill -9 again and again: the study ends as the one that was left alone', async () => {
  const alone = newPath();
  assert.is(await runChild(alone, 1, Infinity), 0);
  const path = newPath();
  const random = createRandom(1, 'test/kill');
  for (let i = 0; i < 5; i++) assert.is(await runChild(path, 4, 1 + random.below(6), random.below(10)), null);
  assert.ok(readJournal(path).some((t) => t.state !== 'complete'));
  assert.is(await runChild(path, 3, Infinity), 0);
  const trials = readJournal(path);
  assert.is(trials.length, 40);
  assert.equal(trials, readJournal(alone));
  assert.ok(trials.every((t) => t.state === 'complete'));
});

killed.run();
