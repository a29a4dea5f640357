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

test('bytes of another format are told by its name', () => {
  for (const [start, told] of [
    [[0x08, 0x08, 0x12, 0x07], /an ONNX model/],
    [[0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a], /HDF5/],
    [[0x50, 0x4b, 0x03, 0x04, 0x14], /a zip archive/],
    [[0x1f, 0x8b, 8], /a gzip file/],
  ] as const) {
    assert.throws(
      () => loadModel(Uint8Array.from([...start, ...new Uint8Array(40)])),
      (e: CompressError) => e.code === 'unsupported' && told.test(e.what) && /\.tflite/.test(e.what),
    );
  }
});

test.run();
