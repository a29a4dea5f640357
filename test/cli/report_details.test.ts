import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { storedText } from '../../src/cli/report_details.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { findTarget, quantize, runPipeline } from '../../src/index.ts';
import { profile } from '../../src/mcu/index.ts';
import { asStored, loadModel } from '../../src/model.ts';

const target = findTarget('stm32l476rg');
const model = await loadModel(await demoModel());
const data = gestures();

async function textOf(weightBits: 4 | 8, trade: 'balanced' | 'flash'): Promise<string | null> {
  const graph = asStored(await runPipeline(model, [quantize({ weightBits, rounding: 'nearest' })], { data }));
  const way = { runtime: 'thumbnet', trade, clockMhz: undefined } as const;
  return storedText(graph, profile(graph, target, way), target, way);
}

test('a report says why weights of 4 bits take more bytes on the chip than in the file, and what --trade flash would take', async () => {
  assert.match(
    (await textOf(4, 'balanced'))!,
    /^Weights and biases are 21\.\d KiB in model\.tflite and 4\d\.\d KiB here: the C keeps weights of 4 bits a byte each, which is faster; with --trade flash, two to a byte and more code, all takes [\d.]+ KiB of flash and [\d.]+ ms\.$/,
  );
  assert.is(await textOf(4, 'flash'), null);
  assert.is(await textOf(8, 'balanced'), null);
});

test.run();
