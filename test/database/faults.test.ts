/** What may go wrong on the way: the study ends as the one that nothing disturbed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRandom } from '../../src/random.ts';
import { openStudy, type Storage } from '../../src/study/index.ts';
import { isRefused, step } from '../study/contract.ts';
import { space } from '../study/space.ts';
import { Server } from './server.ts';

const s = await Server.start();
const TRIALS = 40;
const script = fileURLToPath(new URL('process.ts', import.meta.url));
const SKEW = `data:text/javascript,const{now}=Date;const hours=Number(process.env.SKEW_HOURS);Date.now=()=>now()+36e5*hours`;

interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  /** What it said on stderr. */
  readonly said: () => string;
}

function start(database: string, { trials = TRIALS, hours = 0, args = [] as string[] } = {}): Child {
  const skew = hours ? ['--import', SKEW] : [];
  const child = spawn(process.execPath, ['--import', 'tsx', ...skew, script, s.url(database), String(trials), ...args], {
    env: { ...process.env, SKEW_HOURS: String(hours) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', (more) => {
    text += more;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { process: child, ended, said: () => text };
}

const options = (storage: Storage) => ({ storage, name: 'main', resume: true, seed: 3, lag: 4 });

async function trialsOf(database: string) {
  const study = await openStudy(options(s.storage(database)));
  await study.close();
  return study.trials;
}

/** The same study by one process that nothing disturbs, without its pauses. */
async function alone(trials = TRIALS) {
  const study = await openStudy(options(s.storage(s.database())));
  await study.enqueue({ x: 0.5, kind: 'b' });
  for (let i = 0; i < trials; i++) {
    const { number, point: value, report } = (await study.ask(space))!;
    await report(value + 1, 1);
    await study.tell(number, value, { constraints: [value - 2], userAttrs: { flashBytes: 1000 + number } });
  }
  await study.close();
  return study.trials;
}
const expected = await alone();

/** Each trial ended once, under its number, and as it would have alone. */
async function isWhole(database: string, trials = TRIALS): Promise<void> {
  assert.equal(await trialsOf(database), trials === TRIALS ? expected : await alone(trials));
  const told = s.sql(database, 'SELECT count(*), count(DISTINCT trial_id) FROM thumbnet.leases WHERE is_told');
  assert.is(told, `${trials}|${trials}`);
}

const allEnd = async (children: readonly Child[]) => {
  for (const child of children) assert.is(await child.ended, 0, child.said());
};

const ended = (database: string) => Number(s.sql(database, "SELECT count(*) FROM trials WHERE state = 'COMPLETE'"));

/** Until so many trials have ended. */
async function reached(database: string, trials: number): Promise<void> {
  const late = Date.now() + 60_000;
  while (ended(database) < trials) {
    assert.ok(Date.now() < late, `after a minute ${ended(database)} of ${trials} trials have ended`);
    await sleep(50);
  }
}

/** A database with all tables, so that faults can be laid into it before the first trial. */
async function prepared(): Promise<string> {
  const database = s.database();
  await s.storage(database).prepare();
  return database;
}

test('30 random kills of four processes', async () => {
  const database = await prepared();
  const random = createRandom(5, 'kills');
  const trials = 110;
  const children = Array.from({ length: 4 }, () => start(database, { trials }));
  for (let kills = 0; kills < 30; kills++) {
    await reached(database, 3 * kills + 2);
    await sleep(200 * random.uniform());
    const victim = random.below(4);
    children[victim].process.kill('SIGKILL');
    await children[victim].ended;
    children[victim] = start(database, { trials });
  }
  await allEnd(children);
  await isWhole(database, trials);
  const again = Number(s.sql(database, 'SELECT sum(times - 1) FROM thumbnet.leases'));
  assert.ok(again > 5, `${again} trials handed out again`);
});

test('a process hangs, its trial is handed out again, and it comes back', async () => {
  const database = await prepared();
  const children = [start(database), start(database)];
  await reached(database, 6);
  children[0].process.kill('SIGSTOP');
  // Longer than a lease; and the other one goes on, however slow the machine is.
  await sleep(4000);
  await reached(database, 11);
  children[0].process.kill('SIGCONT');
  await allEnd(children);
  await isWhole(database);
});

for (const how of ['fast', 'immediate'] as const) {
  test(`the server is stopped (${how}) in the middle and started again`, async () => {
    const database = await prepared();
    const children = [start(database), start(database), start(database)];
    await reached(database, 8);
    s.stop(how);
    await sleep(1500);
    s.start();
    await allEnd(children);
    await isWhole(database);
  });
}

test('connections are cut by the server again and again', async () => {
  const database = await prepared();
  const children = [start(database), start(database), start(database)];
  await reached(database, 2);
  let [seen, pause] = [2, 300];
  while (seen < TRIALS - 5) {
    s.sql('postgres', `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '${database}'`);
    await sleep(pause);
    const now = ended(database);
    // On a busy machine nothing may be done within one pause.
    pause = now > seen ? 300 : 2 * pause;
    assert.ok(pause < 60_000, `${now} of ${TRIALS} trials have ended, and no more do`);
    seen = now;
  }
  await allEnd(children);
  await isWhole(database);
});

/** Has every n-th change of a trial fail as a transaction does that must be repeated. */
const failing = (database: string, every: number, code: string) =>
  s.sql(
    database,
    `CREATE SEQUENCE tries; CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF nextval('tries') % ${every} = 0 THEN RAISE EXCEPTION 'once more' USING ERRCODE = '${code}'; END IF; RETURN NEW; END $$;
     CREATE TRIGGER fails BEFORE INSERT OR UPDATE ON trials FOR EACH ROW EXECUTE FUNCTION fails();`,
  );

for (const [what, code] of [
  ['serialization failures', '40001'],
  ['deadlocks', '40P01'],
] as const) {
  test(`${what} are retried`, async () => {
    const database = await prepared();
    failing(database, 3, code);
    const children = [start(database), start(database), start(database)];
    await allEnd(children);
    await isWhole(database);
  });
}

test('what fails every time is given up after a bound, with one message', async () => {
  const database = await prepared();
  failing(database, 1, '40001');
  const study = await openStudy(options(s.storage(database, { later: 1500 })));
  const begun = Date.now();
  await isRefused(step(study), 'cannot-write', /does not answer: once more[\s\S]*then resume/);
  assert.ok(Date.now() - begun < 20_000);
});

test('clocks of hosts that are a day off do no harm', async () => {
  const database = await prepared();
  // However slow the machine is, none is thought lost: what is handed out again would be so by a clock.
  const children = [-24, 0, 24].map((hours) => start(database, { hours, args: ['60000'] }));
  await allEnd(children);
  await isWhole(database);
  const off = s.sql(
    database,
    "SELECT max(abs(extract(epoch FROM datetime_complete - timezone('UTC', now())))) < 600 FROM trials",
  );
  assert.is(off, 't');
  assert.is(s.sql(database, 'SELECT sum(times - 1) FROM thumbnet.leases'), '0');
});

test.after(async () => {
  await s.closeAll();
  s.remove();
});
test.run();
