import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { JobContext } from '../../src/compress/job.ts';
import { byPath } from '../../src/compress/memory.ts';

const pathOf = (n: number) => [{ stage: 'prune', ratio: n / 100 }];

test('work is done once for a path of a study, also where nothing comes of it', async () => {
  const at = byPath<number | null>();
  const [job, other] = [{} as JobContext, {} as JobContext];
  let done = 0;
  const work = async () => {
    done++;
    return null;
  };
  for (let i = 0; i < 3; i++) assert.is(await at(job, pathOf(1), work), null);
  assert.is(done, 1);
  await at(job, pathOf(2), work);
  await at(other, pathOf(1), work);
  assert.is(done, 3);
});

test('what was asked for last is kept, and not more than a few', async () => {
  const at = byPath<number>();
  const job = {} as JobContext;
  let done = 0;
  const ask = (n: number) => at(job, pathOf(n), async () => ++done);
  await ask(0);
  for (let n = 1; n < 100; n++) {
    await ask(n);
    await ask(0);
  }
  assert.is(done, 100);
  await ask(1);
  assert.is(done, 101);
});

test('work that failed is done again', async () => {
  const at = byPath<number>();
  const job = {} as JobContext;
  const fail = async () => Promise.reject(new Error('no'));
  await at(job, [], fail).then(
    () => assert.unreachable(),
    () => {},
  );
  assert.is(await at(job, [], async () => 7), 7);
});

test.run();
