import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nodePool } from '../../src/compress/index.ts';
import type { Job, JobContext } from '../../src/compress/job.ts';
import { makeGestures } from '../../src/demo/gestures.ts';
import { gestures } from '../../src/demo/index.ts';

/** A thread that answers a job with its samples, and works for ever on one of none. */
const file = new URL(`data:text/javascript,
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', (m) => {
    if (!('job' in m)) return;
    while (m.job.samples === 0);
    parentPort.postMessage({ id: m.id, result: m.job.samples });
  });`);

test('a job whose thread hangs is given up, and the next one has a new thread', async () => {
  const context = { data: { ...gestures(), train: makeGestures(4, 1, 'train') }, unlabelled: [] } as unknown as JobContext;
  const pool = await nodePool(context, 1, { file });
  const job = (samples: number) => ({ samples }) as unknown as Job;
  try {
    assert.equal(await pool.run(job(3), () => {}), 3);
    const stop = new AbortController();
    const hangs = pool.run(job(0), () => {}, stop.signal);
    setTimeout(() => stop.abort(new Error('given up')), 50);
    await hangs.then(
      () => assert.unreachable(),
      (e: Error) => assert.is(e.message, 'given up'),
    );
    assert.equal(await pool.run(job(5), () => {}), 5);
  } finally {
    await pool.close();
  }
});

test.run();
