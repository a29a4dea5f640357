/** What workers cost that have nothing to do. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openStudy } from '../../src/study/index.ts';
import { space } from '../study/space.ts';
import { Server } from './server.ts';

const s = await Server.start();
const WORKERS = 64;
const SECONDS = 15;

/** Processor time, in ticks of a hundredth of a second, of the server and of all that it started. */
function serverTicks(): number {
  const [main] = readFileSync(join(s.data, 'postmaster.pid'), 'utf8').split('\n');
  let sum = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      if (pid === main || fields[1] === main) sum += Number(fields[11]) + Number(fields[12]);
    } catch {}
  }
  return sum;
}

test('64 idle workers cost the server less than 5 % of a core, and themselves as well', async () => {
  const database = s.database();
  const open = () => openStudy({ storage: s.storage(database), name: 's', resume: true, lag: 1 });
  const busy = await open();
  const trial = (await busy.ask(space))!;
  const idle = [];
  for (let i = 0; i < WORKERS; i++) idle.push(await open());
  let isOver = false;
  let looked = 0;
  // Each waits for the one trial that runs, as a worker does.
  const waiting = idle.map(async (study) => {
    while (!isOver) {
      assert.is(await study.ask(space), null);
      looked++;
      await study.changed();
    }
  });
  await sleep(2000);
  const [ticks, cpu, at] = [serverTicks(), process.cpuUsage(), performance.now()];
  await sleep(1000 * SECONDS);
  const seconds = (performance.now() - at) / 1000;
  const server = (serverTicks() - ticks) / seconds;
  const { user, system } = process.cpuUsage(cpu);
  const own = (user + system) / 1e4 / seconds;
  isOver = true;
  await busy.tell(trial, 1);
  await Promise.all(waiting);
  console.log(
    `server ${server.toFixed(1)} %, all workers ${own.toFixed(1)} % of a core; ${looked} looks in ${seconds.toFixed(0)} s`,
  );
  assert.ok(looked >= 2 * WORKERS);
  assert.ok(server < 5, `the server: ${server} % of a core`);
  assert.ok(own < 5, `the workers: ${own} % of a core`);
});

test.after(async () => {
  await s.closeAll();
  s.remove();
});
test.run();
