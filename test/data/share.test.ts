import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shareDataset } from '../../src/data/index.ts';
import { gestures } from '../../src/demo/index.ts';

test('a shared dataset is equal, and another thread reads and writes the very same memory', async () => {
  const data = gestures();
  const shared = shareDataset(data);
  assert.equal(shared, data);
  const before = shared.train!.inputs[0][3];
  const thread = new Worker(
    "require('node:worker_threads').parentPort.once('message', (data) => { data.train.inputs[0][3] *= 2; data.validation.y[1] = 5; process.exit(0); })",
    { eval: true },
  );
  thread.postMessage(shared);
  await new Promise((resolve) => thread.once('exit', resolve));
  assert.is(shared.train!.inputs[0][3], 2 * before);
  assert.is(shared.validation!.y![1], 5);
  assert.is(data.train!.inputs[0][3], before);
});

test('parts and labels that are not there stay so', () => {
  const data = { ...gestures(), test: null };
  const unlabelled = { ...data, train: { ...data.train!, y: null } };
  assert.equal(shareDataset(unlabelled), unlabelled);
});

test.run();
