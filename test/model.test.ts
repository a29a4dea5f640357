import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { demoModel } from '../src/demo/model.ts';
import type { CompressError } from '../src/errors.ts';
import { loadModel } from '../src/model.ts';

test('a model is read from a typed array and from a buffer', async () => {
  const bytes = Uint8Array.from(await demoModel());
  assert.equal(await loadModel(bytes.buffer), await loadModel(bytes));
  assert.throws(
    () => loadModel('model.tflite' as unknown as Uint8Array),
    (e: CompressError) => e.code === 'bad-option' && /Uint8Array or an ArrayBuffer/.test(e.fix),
  );
});

const text = (s: string) => new TextEncoder().encode(s);
const zip = (...names: string[]) => zipSync(Object.fromEntries(names.map((name) => [name, new Uint8Array(9)])));
const bytes = (...b: number[]) => Uint8Array.from([...b, ...new Uint8Array(40)]);

const FOREIGN: readonly (readonly [Uint8Array, RegExp, RegExp])[] = [
  [text('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'), /Git LFS/, /git lfs pull/],
  [text('\n<!DOCTYPE html>\n<html lang="en"><head>'), /web page/, /raw/],
  [text('#include "m.h"\nalignas(16) const unsigned char g_model[] = {\n  0x1c, 0x00,'), /C array/, /xxd/],
  [text('const uint8_t model[1234] DATA = {0x1c, 0x00,'), /C array/, /xxd/],
  [zip('archive/data.pkl', 'archive/version'), /PyTorch/, /torch\.onnx\.export/],
  [zip('m/code/__torch__.py', 'm/constants.pkl'), /PyTorch/, /torch\.onnx\.export/],
  [bytes(0x80, 0x02, 0x8a, 0x0a), /pickle/, /torch\.onnx\.export/],
  [Uint8Array.from([80, 0, 0, 0, 0, 0, 0, 0, ...text('{"a.weight":{"dtype":"F32"')]), /safetensors/, /torch\.onnx\.export/],
  [Uint8Array.from([0x08, 0x01, 0x12, 0xf0, 0x7f, 0x0a, ...text('\x07\x22\x05serve')]), /SavedModel/, /from_saved_model/],
  [text('{"format": "layers-model", "modelTopology": {}}'), /TensorFlow\.js/, /Keras/],
  [text('{"class_name": "Sequential", "config": {}}'), /without its weights/, /model\.save/],
  [text('GGUF\x03\0\0\0'), /GGUF/, /small network/],
  [zip('x.npy', 'y.npy'), /data set/, /--data/],
  [zip('model.tflite'), /zip archive/, /unpack/],
  [zip('config.json', 'model.weights.h5').subarray(0, 60), /without its end/, /download it again/],
  [bytes(0x1f, 0x8b, 8), /gzip/, /gunzip/],
];

const refusal = async (file: Uint8Array): Promise<CompressError> => {
  try {
    await loadModel(file);
  } catch (e) {
    return e as CompressError;
  }
  throw new Error('the file was read');
};

for (const [file, what, fix] of FOREIGN) {
  test(`a file that is something else is named: ${what.source}`, async () => {
    const e = await refusal(file);
    assert.ok(e.code === 'unsupported' && what.test(e.what) && /\.tflite/.test(e.what) && fix.test(e.fix), e.message);
  });
}

test('unknown bytes are no model', async () => {
  for (const file of [new Uint8Array(0), new Uint8Array(7), new Uint8Array(4096), text('not a model at all')])
    assert.is((await refusal(file)).code, 'bad-file');
});

test.run();
