/** Front ends in C: without a warning, and on emulated cores equal to the engine, samples in. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { generateC } from '../../src/c/index.ts';
import { verifyFrontEnd } from '../../src/emulator/verify_front_end.ts';
import { profile } from '../../src/mcu/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { hasProgram, inFolder, WARNINGS } from '../c/tools.ts';
import { testWhere } from '../skipped.ts';
import { dataOf, networkFor } from './front_end_network.ts';
import { chipOf, withTools } from './tools.ts';

const heap = await Heap.open();

/** Others than those that figures are fitted on (scripts/fit_front_ends.ts). */
const JOBS: readonly (readonly [features: string, samples: number, channels: number])[] = [
  ['mfcc:frame=120,hop=60,high=480', 450, 1],
  ['mfe:frame=50,hop=80,fft=128,bands=12', 400, 2],
  ['micro-speech:frame=120,hop=60,high=480,bands=14', 450, 1],
  ['micro-speech:frame=50,hop=60,high=450,bands=8,coefficients=5,noise=off', 300, 2],
  ['librosa-mel:frame=256,hop=150,bands=24', 750, 1],
  ['fft', 100, 3],
  ['stats', 120, 2],
  ['spectrogram:frame=60,hop=40,window=hamming', 220, 1],
];

for (const [features, samples, channels] of JOBS) {
  withTools(test)(`${features}: equal on emulated cores`, async () => {
    const graph = await networkFor(heap, await dataOf(features, samples, channels));
    for (const core of /^mfcc|bands=14$/.test(features)
      ? (['cortex-m0', 'cortex-m4', 'cortex-m55'] as const)
      : (['cortex-m4'] as const)) {
      const chip = chipOf(core);
      const generated = await generateC(heap, graph, chip, { name: 'network' });
      const found = await verifyFrontEnd(heap, graph, chip, generated, null, 6);
      assert.is(found.difference, null, core);
      const modelled = profile(graph, chip).frontEnd!;
      assert.ok(
        Math.abs(modelled.instructions / found.instructions - 1) < 0.2,
        `${core}: ${modelled.instructions}, ${found.instructions}`,
      );
    }
  });
}

testWhere(hasProgram('gcc'), 'gcc is absent')('no warning, as C11 and as C++ sees the header', async () => {
  const graph = await networkFor(heap, await dataOf(JOBS[0][0], JOBS[0][1], JOBS[0][2]));
  const { files } = await generateC(heap, graph, chipOf('cortex-m4'), { name: 'network' });
  inFolder(files, (folder) => {
    const sources = ['thumbnet_network.c', 'thumbnet_network_weights.c', 'thumbnet_network_features.c'];
    for (const source of sources)
      execFileSync('gcc', ['-std=c11', '-O2', ...WARNINGS, '-c', source, '-o', join(folder, `${source}.o`)], { cwd: folder });
    execFileSync('g++', ['-x', 'c++', '-fsyntax-only', 'thumbnet_network_features.h'], { cwd: folder });
  });
});

test('a stream takes no more than it says, and the tables have a checksum', async () => {
  const graph = await networkFor(heap, await dataOf('mfcc:frame=128,hop=64,high=500', 500, 1));
  const { files, frontEnd } = await generateC(heap, graph, chipOf('cortex-m4'), { name: 'network' });
  assert.match(files['thumbnet_network_weights.h'], /thumbnet_network_features_window\[128\]/);
  assert.match(files['thumbnet_network_features.h'], /thumbnet_network_push\(const int16_t \*samples, int32_t n, int8_t \*out\)/);
  assert.is(frontEnd!.streamBytes, 2 * 128 + 6 * 10);
});

test.run();
