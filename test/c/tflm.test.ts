import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exportTflm } from '../../src/c/tflm/index.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { loadModel } from '../../src/model.ts';
import { quantize } from '../../src/quant/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { withTools } from '../emulator/tools.ts';
import { graphOf, samplesOf } from '../formats/row_graphs.ts';
import { sharedTest } from '../shared_test.ts';
import { hasProgram, inFolder } from './tools.ts';

const heap = await Heap.open();
const DECLARATIONS = fileURLToPath(new URL('./declarations', import.meta.url));
const original = await loadModel(await demoModel());
const demo = await quantize().run(original, { heap, data: gestures(), seed: 1, original });

const { files, operators, name } = await exportTflm(demo, 'stm32f446re', { name: 'demo', heap });

test('the resolver has just the operators of the model', () => {
  assert.equal(operators, ['Conv2D', 'FullyConnected', 'Softmax', 'Mean']);
  assert.match(files['resolver.h'], 'MicroMutableOpResolver<4>');
  assert.is(name, 'thumbnet_demo');
});

withTools(test, hasProgram('clang'))('the folder builds against declarations of the interpreter', () => {
  const flags = ['-x', 'c++', '-std=c++17', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-I', DECLARATIONS];
  const built = inFolder(files, (cwd) => spawnSync('clang', [...flags, 'model.cc', 'main.cc'], { cwd }));
  assert.is(String(built.stderr), '');
});

/** The least multiple of 16 bytes with which tflite-micro 90b983c2, built for a Cortex-M4, allocated the model's tensors on QEMU. */
const LEAST: Readonly<Record<string, number>> = {
  pretrainedResnet_quant: 55008,
  kws_ref_model: 22832,
  vww_96_int8: 100720,
  ad01_int8: 3024,
  str_ww_ref_model: 16608,
};

for (const [file, bytes] of Object.entries(LEAST)) {
  sharedTest(`${file}: the arena that the interpreter needs, to the byte`, [`data/models/${file}.tflite`], async (path) => {
    const model = await loadModel(new Uint8Array(readFileSync(path)));
    const { arena } = await exportTflm(model, 'stm32f446re', { heap });
    assert.equal([arena.bytes, arena.exact], [bytes, true]);
  });
}

test('networks of one layer: what it looks at while it is prepared, and the planner, need more than its tensors', async () => {
  for (const [op, at, bytes] of [
    ['conv2d', 1, 912],
    ['depthwiseConv2d', 1, 880],
    ['batchMatmul', 1, 768],
    ['minimum', 0, 560],
    ['tanh', 0, 512],
    ['avgPool2d', 1, 656],
    ['transposeConv2d', 0, 1632],
    ['split', 0, 704],
    ['split', 1, 608],
    ['elu', 1, 736],
    ['mirrorPad', 0, 704],
    ['gather', 0, 528],
  ] as const) {
    const { arena } = await exportTflm({ graph: graphOf(op, samplesOf(op)[at], 'i8'), facts: {} }, 'stm32f446re', { heap });
    assert.equal([op, arena.bytes, arena.exact], [op, bytes, true]);
  }
});

test('an operator or a type that the interpreter lacks is refused by name, and a float model before that', async () => {
  const refused = (graph: Parameters<typeof exportTflm>[0]['graph']) =>
    exportTflm({ graph, facts: {} }, 'stm32f446re', { heap }).catch((e) => e);
  const [sample] = samplesOf('reluN1');
  const unknown = await refused(graphOf('reluN1', sample, 'i8'));
  assert.match(unknown.message, /has no operator 20/);
  assert.is(unknown.code, 'unsupported');
  assert.match((await refused(graphOf('conv2d', samplesOf('conv2d')[2], 'i16'))).message, /computes int16 without groups/);
  assert.match(
    (await refused(graphOf('transposeConv2d', samplesOf('transposeConv2d')[1], 'i8'))).message,
    /leaves out the activation/,
  );
  const [extremum] = samplesOf('reduceMax');
  assert.match(
    (await refused(graphOf('reduceMax', extremum, 'i16'))).message,
    /ReduceMax of TensorFlow Lite Micro does not take i16/,
  );
  assert.match((await refused(original.graph)).message, /real numbers/);
});

test.run();
