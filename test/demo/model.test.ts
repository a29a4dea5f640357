import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gestures } from '../../src/demo/gestures.ts';
import { demoModel } from '../../src/demo/model.ts';
import { evaluateGraph } from '../../src/evaluate.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';

test('the network that ships is under 200 KB and names over 96 % of the test part right', async () => {
  const bytes = await demoModel();
  assert.ok(bytes.length < 200_000);
  const { accuracy } = await evaluateGraph(importTflite(bytes), gestures());
  assert.ok(accuracy! > 0.96, String(accuracy));
});

test.run();
