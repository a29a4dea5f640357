import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluatePart } from '../../src/evaluate.ts';
import { close } from '../wasm/close.ts';
import { constants, data, heap, normedNetwork, type Options, trained } from './networks.ts';

const BATCH = 64;
const perEpoch = Math.floor(data.train!.count / BATCH);
/** One rate for all steps, so that a shorter training is the beginning of a longer one. */
const level: Options = { batch: BATCH, schedule: 'constant', warmup: 0, learningRate: 0.01 };

for (const decay of [0.5, 0.9]) {
  test(`ema ${decay}: weights and statistics of normalizations are the corrected mean over the steps`, async () => {
    const steps = 5;
    const sums = new Float64Array(constants(normedNetwork()).length);
    let weights = 0;
    for (let k = 1; k <= steps; k++) {
      const at = constants(await trained({ ...level, epochs: k / perEpoch }, normedNetwork()));
      sums.forEach((sum, i) => {
        sums[i] = decay * sum + at[i];
      });
      weights = decay * weights + 1;
    }
    const got = constants(await trained({ ...level, epochs: steps / perEpoch, ema: decay }, normedNetwork()));
    // A few float32 roundings a step.
    close(
      got,
      sums.map((sum) => sum / weights),
      2e-6,
      'constant',
    );
  });
}

test('averaged weights are folded, judged and learn as others do', async () => {
  const graph = await trained({ epochs: 5, batch: BATCH, learningRate: 0.01, ema: 0.9 });
  assert.ok(evaluatePart(heap, graph, data, 'test').accuracy! > 0.6);
  assert.not.equal(constants(graph), constants(await trained({ epochs: 5, batch: BATCH, learningRate: 0.01 })));
});

test.run();
