import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type OpenOptions, openStudy } from '../../src/study/index.ts';
import { isRefused, step, storageContract } from '../study/contract.ts';
import { space } from '../study/space.ts';
import { server } from './server.ts';

const s = await server();

storageContract('postgresql', () => {
  const database = s.database();
  return { open: () => s.storage(database) };
});

test('two processes at once: no number twice, none left out, and the trials are those of one process', async () => {
  const database = s.database();
  const options = (name: string): OpenOptions => ({ storage: s.storage(database), name, lag: 4, resume: true, seed: 3 });
  const run = async (name: string, processes: number) => {
    const studies = await Promise.all(Array.from({ length: processes }, () => openStudy(options(name))));
    const ended: number[] = [];
    const work = async (study: (typeof studies)[number], k: number) => {
      while (ended.length < 24) {
        const trial = await study.ask(space);
        if (!trial) {
          await study.changed();
          continue;
        }
        await new Promise((done) => setTimeout(done, ((trial.number + k) * 7) % 20));
        assert.ok(await study.tell(trial, trial.point));
        ended.push(trial.number);
      }
    };
    await Promise.all(studies.map(work));
    const [first] = studies;
    await first.refresh();
    for (const study of studies) await study.close();
    assert.equal(new Set(ended).size, ended.length);
    return first.trials.slice(0, 24);
  };
  assert.equal(await run('four', 4), await run('alone', 1));
});

test('a trial that was handed out again counts once, by whoever tells it first', async () => {
  const database = s.database();
  const open = () => openStudy({ storage: s.storage(database), name: 's', resume: true });
  const [a, b] = [await open(), await open()];
  const mine = (await a.ask(space))!;
  assert.is((await b.ask(space))!.number, 1, 'a trial whose process lives is not handed out');
  s.sql(database, "UPDATE thumbnet.leases SET seen_at = now() - interval '1 hour' WHERE trial_id = 1");
  const again = (await b.ask(space))!;
  assert.equal([again.number, again.params], [mine.number, mine.params]);
  assert.ok(await b.tell(again, 2));
  assert.not(await a.tell(mine, 3));
  assert.is(a.trials[0].value, 2);
  assert.is(s.sql(database, 'SELECT times FROM thumbnet.leases WHERE trial_id = 1'), '2');
});

test('content of several parts, put by two at once, and content that is not whole', async () => {
  const database = s.database();
  const [a, b] = [s.storage(database), s.storage(database)];
  await Promise.all([a.prepare(), b.prepare()]);
  for (const size of [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31) ^ (i >> 8));
    const [digest] = await Promise.all([a.artifacts.put(bytes), b.artifacts.put(bytes)]);
    assert.ok(Buffer.from(bytes).equals((await b.artifacts.get(digest))!), `${size} bytes`);
  }
  assert.is(await a.artifacts.get('0'.repeat(64)), null);
  s.sql(database, 'DELETE FROM thumbnet.content_parts WHERE part = 2');
  const digest = s.sql(database, 'SELECT digest FROM thumbnet.contents WHERE parts = 3');
  await isRefused(a.artifacts.get(digest), 'bad-file', /is not whole/);
});

test('a deleted study takes along what was ours of it', async () => {
  const database = s.database();
  const study = await openStudy({ storage: s.storage(database), name: 's' });
  await step(study);
  s.sql(database, 'DELETE FROM trial_params; DELETE FROM trial_user_attributes; DELETE FROM trial_system_attributes');
  s.sql(
    database,
    'DELETE FROM trial_values; DELETE FROM trials; DELETE FROM study_directions; DELETE FROM study_user_attributes',
  );
  s.sql(database, 'DELETE FROM studies');
  assert.is(s.sql(database, 'SELECT count(*) FROM thumbnet.leases'), '0');
  await isRefused(step(study), 'bad-file', /the study "s" was deleted/);
});

test.after(() => s.closeAll());
test.run();
