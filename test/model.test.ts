import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { demoModel } from '../src/demo/model.ts';
import type { CompressError } from '../src/errors.ts';
import { loadModel } from '../src/model.ts';

test('a model is read from a typed array and from a buffer', async () => {
  const bytes = Uint8Array.from(await demoModel());
  assert.equal(loadModel(bytes.buffer), loadModel(bytes));
  assert.throws(
    () => loadModel('model.tflite' as unknown as Uint8Array),
    (e: CompressError) => e.code === 'bad-option' && /Uint8Array or an ArrayBuffer/.test(e.fix),
  );
});

test.run();
