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
import { EvolutionSampler, Halving, RandomSampler, type Sampler, type Study, TpeSampler } from '../../src/search/index.ts';
import { FileStorage, FolderArtifacts } from '../../src/study/file.ts';
import {
  type Artifacts,
  MemoryArtifacts,
  MemoryStorage,
  type OpenOptions,
  openStudy,
  type Storage,
} from '../../src/study/index.ts';
import { holdFile } from '../../src/study/lock.ts';
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

async function step(study: Study): Promise<void> {
  const { number, point: value, report } = (await study.ask(space))!;
  const userAttrs = { sizes: { flashBytes: number, layers: ['a', null] } };
  if (number % 5 === 4) await study.tell(number, null, { state: 'failed', userAttrs });
  else if (number % 5 === 3) {
    await report(value, 2);
    await study.tell(number, null, { state: 'pruned', userAttrs });
  } else await study.tell(number, number === 7 ? Number.POSITIVE_INFINITY : value, { constraints: [0.1, -1e-7], userAttrs });
}

async function isRefused(work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  const error = await work.then(
    () => assert.unreachable('nothing was refused'),
    (e: Error & { code?: string }) => e,
  );
  assert.is(error?.code, code);
  assert.match(error!.message, message);
}

const same = (a: Study, b: Study) => assert.equal(JSON.parse(JSON.stringify(a.trials)), JSON.parse(JSON.stringify(b.trials)));

for (const [storageName, storage] of Object.entries(STORAGES)) {
  for (const [samplerName, sampler] of Object.entries(SAMPLERS)) {
    test(`${storageName}, ${samplerName}: what is read back is what was kept, and the study continues as if it had not stopped`, async () => {
      const whole = await openStudy({ storage: new MemoryStorage(), name: 's', lag: 1, sampler: sampler() });
      for (let i = 0; i < 20; i++) await step(whole);
      const { open } = storage();
      let study = await openStudy({ storage: open(), name: 's', lag: 1, sampler: sampler() });
      for (let i = 0; i < 20; i++) {
        await step(study);
        if (i % 7 !== 6) continue;
        const again = await openStudy({ storage: open(), name: 's', lag: 1, sampler: sampler(), resume: true });
        same(again, study);
        study = again;
      }
      same(study, whole);
    });
  }

  test(`${storageName}: a running trial is asked for again, with its number and its parameters`, async () => {
    const { open } = storage();
    const options = { name: 's', seed: 5, lag: 3 };
    const first = await openStudy({ ...options, storage: open() });
    const lost = await Promise.all([0, 1, 2].map(() => first.ask(space)));
    await first.tell(lost[1]!, 1);
    const second = await openStudy({ ...options, storage: open(), resume: true });
    const again = [await second.ask(space), await second.ask(space)];
    assert.equal(
      again.map((t) => t!.number),
      [0, 2],
    );
    assert.equal(
      again.map((t) => t!.params),
      [lost[0]!.params, lost[2]!.params],
    );
    await second.tell(again[0]!, 1);
    await second.tell(again[1]!, 1);
    assert.is((await second.ask(space))!.number, 3);
  });

  test(`${storageName}: two studies in one journal, one of them maximised`, async () => {
    const { open } = storage();
    const a = await openStudy({ storage: open(), name: 'a' });
    await step(a);
    const b = await openStudy({ storage: open(), name: 'b', directions: ['maximize', 'minimize'] });
    await b.tell((await b.ask(space))!, [1, Number.NEGATIVE_INFINITY]);
    const again = await openStudy({ storage: open(), name: 'b', resume: true, directions: ['maximize', 'minimize'] });
    assert.equal(
      again.trials.map((t) => t.values),
      [[1, Number.NEGATIVE_INFINITY]],
    );
  });

  test(`${storageName}: enqueued trials wait in the journal and are not enqueued twice`, async () => {
    const { open } = storage();
    await (await openStudy({ storage: open(), name: 's' })).enqueue({ x: 0.25, kind: null });
    const study = await openStudy({ storage: open(), name: 's', resume: true });
    await study.enqueue({ x: 0.25, kind: null });
    assert.equal(
      study.trials.map((t) => t.state),
      ['waiting'],
    );
    assert.is((await study.ask(space))!.params.kind, null);
  });

  test(`${storageName}: another name, seed, setting or direction is refused`, async () => {
    const { open } = storage();
    const start = (more: Partial<OpenOptions>) => openStudy({ storage: open(), name: 's', ...more });
    await start({ seed: 3, settings: { target: 'm4' } });
    await isRefused(start({}), 'exists', /the study "s" already exists with 0 trials/);
    const again = (more: Partial<OpenOptions>) => start({ resume: true, seed: 3, settings: { target: 'm4' }, ...more });
    await isRefused(again({ seed: 0 }), 'bad-option', /was begun with seed 3, not 0/);
    await isRefused(again({ settings: { target: 'm7' } }), 'bad-option', /begun with target "m4", not "m7"/);
    await isRefused(again({ direction: 'maximize' }), 'bad-option', /begun with directions \["minimize"\], not \["maximize"\]/);
    const long = (end: string) => ({ name: 'long', settings: { recipe: `${'a'.repeat(100)}${end}` } });
    await start(long('b'));
    await isRefused(start({ ...long('c'), resume: true }), 'bad-option', /begun with recipe "a+\.\.\., not "a+\.\.\./);
    await again({});
  });

  test(`${storageName}: rungs decide after a restart as before`, async () => {
    const { open } = storage();
    const run = async (restart: boolean) => {
      const fresh = () => openStudy({ storage: restart ? open() : new MemoryStorage(), name: 's', lag: 2, resume: true });
      let study = await fresh();
      const stopped: boolean[] = [];
      for (let i = 0; i < 20; i++) {
        if (restart && i === 11) study = await fresh();
        const trial = (await study.ask(space))!;
        stopped.push(await new Halving(study).shouldStop(trial, 0, trial.point));
        await study.tell(trial, trial.point);
      }
      return stopped;
    };
    const decisions = await run(true);
    assert.equal(decisions, await run(false));
    assert.ok(decisions.includes(true) && decisions.includes(false));
  });
}

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
