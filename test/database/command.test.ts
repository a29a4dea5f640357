/** The command line as it was built, by one person: begin, interrupt, look, take part, go on, report. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { built, model, startBuilt, testFile } from '../cli/sample.ts';
import { PASSWORD, Server } from './server.ts';

const s = await Server.start();
const folder = mkdtempSync(join(tmpdir(), 'thumbnet-command-'));
const out = (name: string) => join(folder, name);

test('a study in a database, with its models in a folder, from beginning to end', async () => {
  const database = s.database();
  const url = s.url(database);
  const budget = ['--samples', '2K', '--parallel', '2', '--trials', '4', '--max-drop', '0.1', '--target', 'stm32l476rg'];
  const compress = ['compress', model, '--data', testFile, ...budget, '--workers', '1'];
  const shared = [...compress, '--storage', url, '--study', 'mine', '--artifacts', pathToFileURL(out('shared')).href];

  // A worker may come before the study.
  const early = startBuilt('worker', '--storage', url, '--study', 'mine', '--workers', '1', '--json');
  await once(early.child.stderr!, 'data');

  const first = startBuilt(...shared, '--out', out('first'));
  const begun = () => s.sql(database, "SELECT to_regclass('thumbnet.leases') IS NOT NULL") === 't';
  while (!begun() || s.sql(database, 'SELECT count(*) FROM thumbnet.leases') === '0') await sleep(100);
  first.child.kill('SIGINT');
  const interrupted = await first.ended;
  assert.is(interrupted.code, 130, interrupted.err);
  assert.match(
    interrupted.err,
    /interrupted; the study is kept in "mine" in postgresql:\/\/postgres@127\.0\.0\.1:\d+\/d0\n {2}fix: .*`--resume`/,
  );
  assert.not(existsSync(out('first')));

  const soon = JSON.parse((await built('status', url, '--json')).out);
  assert.is(soon.studies[0].state, 'running');
  assert.equal(soon.studies.length, 1);
  assert.match((await built('report', url, '--out', out('soon'))).err, /the study "mine" has trials left/);
  assert.match((await built(...shared, '--out', out('again'))).err, /the study "mine" already exists/);

  // The early worker is there still; one that is not like it is refused by name.
  s.sql(database, "UPDATE thumbnet.studies SET version = '9.9.9'");
  const refused = await built('worker', '--storage', url);
  assert.equal([refused.code, refused.out.includes('trial')], [2, false]);
  assert.match(refused.err, /error: the study "mine" is run by Thumbnet 9\.9\.9, and this is \d/);
  s.sql(database, `UPDATE thumbnet.studies SET version = '${JSON.parse(readFileSync('package.json', 'utf8')).version}'`);

  const worker = await early.ended;
  assert.is(worker.code, 0, worker.err);
  const { studies } = JSON.parse(worker.out);
  assert.ok(studies[0].study === 'mine' && studies[0].trials >= 3, worker.out);
  assert.match((await built('worker', '--storage', url)).out, /no study has trials left/);

  const over = await built('status', url);
  assert.match(over.out, /mine .*over .* 4 /);
  assert.ok(readdirSync(out('shared')).length >= 4, 'models are in the folder');
  assert.is(s.sql(database, 'SELECT count(*) FROM thumbnet.contents'), '0');

  // Nobody has made the result yet: it is made from the trials, then read.
  const [whole, made] = [await built(...compress, '--out', out('whole')), await built('report', url, '--out', out('made'))];
  // So small a budget may miss the goal; then all say so.
  assert.ok(whole.code === made.code && whole.code! < 2, made.err);
  const read = await built('report', url, '--out', out('read'), '--json');
  const resumed = await built(...shared, '--out', out('resumed'), '--resume');
  assert.equal([read.code, resumed.code], [whole.code, whole.code], resumed.err);
  for (const place of ['made', 'read', 'resumed'])
    for (const name of ['model.tflite', 'recipe.json'])
      assert.equal(readFileSync(join(out(place), name)), readFileSync(join(out('whole'), name)), `${place}: ${name}`);
  assert.match((await built('report', url, '--out', out('read'))).err, /exists already/);
  assert.is(JSON.parse((await built('status', url, '--json')).out).studies[0].state, 'done');
  for (const { out: text, err } of [interrupted, worker, refused, over, made, read, resumed])
    assert.not((text + err).includes(PASSWORD));
});

test.after(() => {
  s.remove();
  rmSync(folder, { recursive: true, force: true });
});
test.run();
