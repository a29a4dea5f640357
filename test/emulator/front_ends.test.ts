/** Front ends in C: without a warning, and on emulated cores equal to the engine, samples in. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildModel } from '../../src/builders/index.ts';
import { generateC } from '../../src/c/index.ts';
import { type Dataset, frontEndIn, loadDataset, normalizedFeatures, withFrontEndOf } from '../../src/data/index.ts';
import { verifyFrontEnd } from '../../src/emulator/verify_front_end.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { quantize } from '../../src/quant/index.ts';
import { createRandom, normal } from '../../src/random.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { hasProgram, inFolder, WARNINGS } from '../c/tools.ts';
import { chipOf, withTools } from './tools.ts';
import { testWhere } from '../skipped.ts';

const heap = await Heap.open();
const random = createRandom(3, 'front ends');

/** Noise of three colours, as a class each. */
async function dataOf(features: string, samples: number, channels: number): Promise<Dataset> {
  const count = 30;
  const x = new Float32Array(count * samples * channels);
  for (let i = 0, state = 0; i < x.length; i++) {
    const kind = Math.floor(i / (samples * channels)) % 3;
    state = 0.4 * kind * state + normal(random);
    x[i] = state * 0.1;
  }
  const y = Array.from({ length: count }, (_, i) => i % 3);
  return normalizedFeatures(await loadDataset({ x, shape: [count, samples, channels], y }, { features, rate: 1000 }));
}

/** A small network for the data, in integers, as it is read from its file. */
async function networkFor(data: Dataset): Promise<Graph> {
  const graph = buildModel(data.inputs[0].shape.length > 1 ? 'conv1d' : 'dense', {
    inputs: data.inputs,
    task: 'classification',
    outputs: 3,
    seed: 1,
  });
  const model = { graph, facts: {} };
  const found = await quantize().run(model, { heap, data, seed: 1, original: model });
  const read = await loadModel(exportTflite(withFrontEndOf(asStored(found), data)));
  assert.equal(frontEndIn(read.graph)?.frontEnd, data.frontEnd);
  assert.equal(frontEndIn(read.graph)?.normalization, data.normalization);
  return asStored(read);
}

const JOBS: readonly (readonly [features: string, samples: number, channels: number])[] = [
  ['mfcc:frame=128,hop=64,high=500', 500, 1],
  ['mfe:frame=60,hop=100,fft=128,bands=16', 400, 2],
  ['librosa-mel:frame=256,hop=200,bands=20', 700, 1],
  ['fft', 128, 3],
  ['stats', 100, 3],
  ['spectrogram:frame=64,hop=32,window=hamming', 200, 1],
];

for (const [features, samples, channels] of JOBS) {
  withTools(test)(`${features}: equal on emulated cores`, async () => {
    const graph = await networkFor(await dataOf(features, samples, channels));
    for (const core of features.startsWith('mfcc')
      ? (['cortex-m0', 'cortex-m4', 'cortex-m55'] as const)
      : (['cortex-m4'] as const)) {
      const chip = chipOf(core);
      const generated = await generateC(heap, graph, chip, { name: 'network' });
      const found = await verifyFrontEnd(heap, graph, chip, generated, null, 6);
      assert.is(found.difference, null, core);
      assert.ok(found.instructions > 1000);
    }
  });
}

testWhere(hasProgram('gcc'), 'gcc is absent')('no warning, as C11 and as C++ sees the header', async () => {
  const graph = await networkFor(await dataOf(JOBS[0][0], JOBS[0][1], JOBS[0][2]));
  const { files } = await generateC(heap, graph, chipOf('cortex-m4'), { name: 'network' });
  inFolder(files, (folder) => {
    const sources = ['thumbnet_network.c', 'thumbnet_network_weights.c', 'thumbnet_network_features.c'];
    for (const source of sources)
      execFileSync('gcc', ['-std=c11', '-O2', ...WARNINGS, '-c', source, '-o', join(folder, `${source}.o`)], { cwd: folder });
    execFileSync('g++', ['-x', 'c++', '-fsyntax-only', 'thumbnet_network_features.h'], { cwd: folder });
  });
});

test('a stream takes no more than it says, and the tables have a checksum', async () => {
  const graph = await networkFor(await dataOf('mfcc:frame=128,hop=64,high=500', 500, 1));
  const { files, frontEnd } = await generateC(heap, graph, chipOf('cortex-m4'), { name: 'network' });
  assert.match(files['thumbnet_network_weights.h'], /thumbnet_network_features_window\[128\]/);
  assert.match(files['thumbnet_network_features.h'], /thumbnet_network_push\(const int16_t \*samples, int32_t n, int8_t \*out\)/);
  assert.is(frontEnd!.streamBytes, 2 * 128 + 6 * 10);
});

test.run();
