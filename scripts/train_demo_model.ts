/** Makes assets/gestures.tflite: trains the demo's float network from random weights. */
import { mkdir, writeFile } from 'node:fs/promises';
import { gestures } from '../src/demo/gestures.ts';
import { evaluatePart } from '../src/evaluate.ts';
import { exportTflite } from '../src/formats/tflite/export.ts';
import { buildNetwork } from '../src/run/build.ts';
import { foldActivations } from '../src/simplify/activation.ts';
import { foldNorms } from '../src/simplify/norm.ts';
import { finetune } from '../src/train/index.ts';
import { Heap } from '../src/wasm/heap.ts';

const SEED = 1;

/** Comfortable on purpose: 43 k parameters where a tenth would do, so that there is something to compress. */
function network() {
  const net = buildNetwork('gestures', [128, 1, 3], SEED);
  let x = net.input;
  for (const [channels, length] of [
    [32, 7],
    [48, 5],
    [64, 5],
    [96, 3],
  ]) {
    x = net.conv2d(x, channels, { kernel: [length, 1], stride: [2, 1], norm: true, activation: 'relu' });
  }
  return net.finish(net.softmax(net.dense(net.globalMean(x), 6)));
}

const data = gestures();
const heap = await Heap.open();
const start = performance.now();
const model = { graph: network(), facts: {} };
const trained = await finetune({
  epochs: 30,
  batch: 64,
  optimizer: 'adamw',
  learningRate: 0.004,
  weightDecay: 0.01,
  schedule: 'one-cycle',
  warmup: 0,
  labelSmoothing: 0.05,
  augment: { shift: 8, scale: 0.1, jitter: 0.05 },
}).run(model, {
  heap,
  data,
  seed: SEED,
  original: model,
  progress: ({ detail }) => process.stderr.isTTY && process.stderr.write(`\r${detail} `),
});
for (const part of ['train', 'validation', 'test'] as const) {
  console.log(`${part}: ${(100 * evaluatePart(heap, trained.graph, data, part).accuracy!).toFixed(2)} %`);
}
console.log(`${((performance.now() - start) / 1000).toFixed(1)} s`);
const bytes = exportTflite(foldActivations(foldNorms(trained.graph)));
await mkdir('assets', { recursive: true });
await writeFile('assets/gestures.tflite', bytes);
console.log(`assets/gestures.tflite: ${bytes.length} bytes`);
