/** An arm that never ends, in a process that lives on: its trial is another process's, and its own process goes on without it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compress, inlinePool, type Pool, takeTrials } from '../../src/compress/index.ts';
import { demoModel } from '../../src/demo/index.ts';
import { loadModel } from '../../src/model.ts';
import { MemoryArtifacts, openStudy } from '../../src/study/index.ts';
import { ended } from '../compress/ended.ts';
import { fewGestures } from '../demo/few.ts';
import { space } from '../study/space.ts';
import { server } from './server.ts';

const s = await server();
const WAITS = { beat: 100, look: 100, believed: 600, silent: 300 };
/** Long enough that a busy machine renews in time what comes on. */
const PATIENT = { ...WAITS, believed: 5000 };

test('a trial that says nothing for long is handed out again, one that comes on is not', async () => {
  const database = s.database();
  const open = () => openStudy({ storage: s.storage(database, PATIENT), name: 's', resume: true });
  const [a, b] = [await open(), await open()];
  const [silent, lively] = [(await a.ask(space))!, (await a.ask(space))!];
  const signs = setInterval(lively.alive, 50);
  try {
    // Till then the next trial would be a new one.
    const mayTake = (number: number) => number <= lively.number;
    let taken = await b.ask(space, mayTake);
    for (let tries = 0; !taken && tries < 600; tries++) {
      await sleep(100);
      taken = await b.ask(space, mayTake);
    }
    assert.is(taken?.number, silent.number);
    assert.is((await b.ask(space))!.number, 2, 'the other one is still held');
    assert.ok(await b.tell(taken!, 1));
    assert.not(await a.tell(silent, 2));
    assert.ok(await a.tell(lively, 3));
  } finally {
    clearInterval(signs);
  }
});

test('an arm hangs: another process runs its trial, the arm is stopped, and the result is that of one process', async () => {
  const data = fewGestures(120, 60);
  const model = await loadModel(await demoModel());
  const options = { target: 'stm32l476rg', maxDrop: 0.2, samples: 400, trials: 2, parallel: 2, seed: 3 };
  const database = s.database();
  const shared = () => ({ storage: s.storage(database, WAITS), artifacts });
  const artifacts = new MemoryArtifacts();

  let begun = () => {};
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  let stopped: unknown = null;
  /** Its first job works for ever. */
  const hanging = (pool: Pool): Pool => {
    let isFirst = true;
    return {
      ...pool,
      run(job, progress, signal) {
        if (!isFirst) return pool.run(job, progress, signal);
        isFirst = false;
        begun();
        return new Promise((_, reject) =>
          signal!.addEventListener('abort', () => {
            stopped = signal!.reason;
            reject(stopped);
          }),
        );
      },
    };
  };
  const first = ended(compress(model, data, options, { ...shared(), pool: (context) => hanging(inlinePool(context)) }));
  await isBegun;
  const second = ended(takeTrials(model, data, options, shared()));
  assert.ok(await second, 'no trial is left');
  const result = await first;
  assert.match(String(stopped), /another process has ended the trial/);
  const whole = await ended(compress(model, data, options));
  assert.equal(Buffer.from(result.tflite), Buffer.from(whole.tflite));
  assert.equal(result.trials, whole.trials);
});

test.after(() => s.closeAll());
test.run();
