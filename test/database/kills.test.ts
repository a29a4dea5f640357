/**
 * The commands as they were built, killed 30 times at random moments: the `compress` that began the study as well as three workers. Each is started again at
 * once, `compress` with --resume. The result is that of one process which nothing disturbed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeNpy } from '../../src/data/index.ts';
import { createRandom } from '../../src/random.ts';
import { built, startBuilt } from '../cli/sample.ts';
import { Server } from './server.ts';

const KILLS = 30;
const TRIALS = 24;
const WORKERS = 3;

const s = await Server.start();
const folder = mkdtempSync(join(tmpdir(), 'thumbnet-kills-'));
const inFolder = (name: string) => join(folder, name);
const random = createRandom(7, 'kills');

/** Three classes that overlap a little. */
function writeData(path: string): void {
  const [count, size] = [600, 8];
  const y = Int32Array.from({ length: count }, (_, i) => i % 3);
  const x = Float32Array.from({ length: count * size }, (_, i) => {
    const [example, j] = [Math.floor(i / size), i % size];
    return ((j + y[example]) % 3) * 0.8 + 2 * (random.uniform() - 0.5);
  });
  writeFileSync(path, zipSync({ 'x.npy': writeNpy(x, [count, size]), 'y.npy': writeNpy(y, [count]) }, { level: 0 }));
}

const database = s.database();
const storage = s.storage(database);
const { connection } = storage;

/** How often trials of a study were given to a process. */
async function handedOut(study: string): Promise<number> {
  const [{ n }] = await connection.rows<{ n: number }>(
    `SELECT coalesce(sum(l.times), 0)::integer AS n FROM thumbnet.leases l JOIN trials t USING (trial_id) JOIN studies s USING (study_id)
     WHERE s.study_name = $1`,
    [study],
  );
  return n;
}

const trialsOf = (out: string) => JSON.parse(readFileSync(join(inFolder(out), 'history.json'), 'utf8')).trials;

let processes: ReturnType<typeof startBuilt>[] = [];

const succeeds = async (...args: readonly string[]): Promise<void> => {
  const { code, err } = await built(...args);
  assert.is(code, 0, err);
};

test('30 random kills of compress and its workers: the result is that of one process, byte for byte', async () => {
  const [data, net] = [inFolder('data.npz'), inFolder('net.tflite')];
  writeData(data);
  await storage.prepare();
  await succeeds('train', 'dense', '--data', data, '--out', net, '--epochs', '20');
  const budget = ['--samples', '20K', '--trials', String(TRIALS), '--parallel', '16', '--max-drop', '0.05'];
  const compress = ['compress', net, '--data', data, '--target', 'stm32l476rg', ...budget, '--workers', '1'];
  await succeeds(...compress, '--out', inFolder('whole'));
  const url = s.url(database);

  let kills = 0;
  // A study may be over before so many kills: then another one follows.
  for (let n = 0; kills < KILLS; n++) {
    const name = `study-${n}`;
    const begin = [...compress, '--storage', url, '--study', name, '--out', inFolder(name)];
    const worker = ['worker', '--storage', url, '--study', name, '--workers', '1'];
    processes = [startBuilt(...begin), ...Array.from({ length: WORKERS }, () => startBuilt(...worker))];
    let seen = 0;
    while (kills < KILLS) {
      const begun = await handedOut(name);
      if (processes.some((p) => p.child.exitCode !== null)) break;
      await sleep(begun > seen ? 150 * random.uniform() : 20);
      if (begun === seen) continue;
      seen = begun;
      const victim = random.below(processes.length);
      processes[victim].child.kill('SIGKILL');
      const { code } = await processes[victim].ended;
      if (code !== null) break;
      processes[victim] = victim === 0 ? startBuilt(...begin, '--resume') : startBuilt(...worker);
      kills++;
    }
    for (const { ended } of processes) {
      const { code, err } = await ended;
      assert.is(code, 0, err);
    }
    for (const file of ['model.tflite', 'recipe.json'])
      assert.equal(readFileSync(join(inFolder(name), file)), readFileSync(join(inFolder('whole'), file)), `${name}: ${file}`);
    assert.equal(trialsOf(name), trialsOf('whole'));
  }
  const [{ told, again }] = await connection.rows<{ told: number; again: number }>(
    'SELECT (count(*) FILTER (WHERE is_told))::integer AS told, sum(times - 1)::integer AS again FROM thumbnet.leases',
  );
  const studies = Number(s.sql(database, 'SELECT count(*) FROM studies'));
  assert.is(told, studies * TRIALS);
  assert.ok(again > 0, 'no trial was handed out again');
  console.log(`${kills} kills in ${studies} studies of ${TRIALS} trials; ${again} trials were handed out again`);
});

test.after(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await s.closeAll();
  s.remove();
  rmSync(folder, { recursive: true, force: true });
});
test.run();
