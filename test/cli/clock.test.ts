/** "Ended by the clock" stands in the results where the clock ended the search, and nowhere else. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeResults } from '../../src/cli/compress_results.ts';
import { type CompressOptions, compress } from '../../src/compress/index.ts';
import { MemoryArtifacts, MemoryStorage } from '../../src/study/index.ts';
import { datasetOf, fruit } from '../cases/make.ts';
import { ended } from '../compress/ended.ts';
import { inFolder } from './sample.ts';

const { graph } = fruit();
const model = { graph, facts: {} };
const data = await datasetOf(fruit(), { split: [0.5, 0.25, 0.25] });
const quiet = { json: true, say() {}, print() {}, warn() {}, result() {} };
const CLOCK = /The study was ended by the clock/;

async function written(name: string, options: Partial<CompressOptions>, host: Parameters<typeof compress>[3] = {}) {
  const search = compress(model, data, { target: 'stm32l476rg', maxDrop: 0.1, parallel: 1, ...options }, host);
  const result = await ended(search);
  const folder = inFolder(name);
  await writeResults({ model, data, folder, title: name, command: 'thumbnet', out: quiet }, result);
  const said = CLOCK.test(readFileSync(`${folder}/report.html`, 'utf8'));
  assert.is(CLOCK.test(readFileSync(`${folder}/history.json`, 'utf8')), said);
  assert.is(result.endedByClock, said);
  return { said, trials: result.trials.length };
}

test('a search that ends by its samples or trials, however the time is set', async () => {
  const storage = new MemoryStorage();
  const artifacts = new MemoryArtifacts();
  const brief = { samples: 1500, trials: 1 };
  assert.is((await written('no-time', brief, { storage, artifacts })).said, false);
  assert.is((await written('much-time', { ...brief, timeMs: 600_000 })).said, false);
  // It is resumed when all is done: there is nothing left that a clock could end.
  const resumed = await written('resumed', { ...brief, timeMs: 1 }, { storage, artifacts, resume: true });
  assert.equal(resumed, { said: false, trials: 1 });
});

test('a search that the time ends', async () => {
  const { said, trials } = await written('ended', { samples: 1_000_000, timeMs: 1 });
  assert.is(said, true);
  assert.ok(trials <= 1, String(trials));
});

test.run();
