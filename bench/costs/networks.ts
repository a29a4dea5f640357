import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { writeNpy } from '../../src/data/npy.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { createRandom } from '../../src/random.ts';
import { buildNetwork } from '../../src/run/build.ts';

const EXAMPLES = 1000;

/** Files of a network with random weights, and of random examples for it. */
export interface Files {
  readonly model: string;
  readonly data: string;
}

/** A chain of `layers` 3x3 convolutions with 8 channels, over 8x8 pixels. */
export function deepNetwork(folder: string, layers: number): Files {
  const net = buildNetwork('deep', [8, 8, 4], 1);
  let x = net.input;
  for (let i = 0; i < layers; i++) x = net.conv2d(x, 8, { kernel: [3, 3], activation: 'relu' });
  return write(folder, `deep${layers}`, net.finish(net.softmax(net.dense(net.globalMean(x), 4))), [8, 8, 4]);
}

/** Two dense layers of `units` units. */
export function wideNetwork(folder: string, units: number): Files {
  const net = buildNetwork('wide', [64], 1);
  const x = net.dense(net.dense(net.input, units, { activation: 'relu' }), units, { activation: 'relu' });
  return write(folder, `wide${units}`, net.finish(net.softmax(net.dense(x, 4))), [64]);
}

function write(folder: string, name: string, graph: Graph, shape: readonly number[]): Files {
  const random = createRandom(1, 'bench/costs');
  const x = Float32Array.from({ length: EXAMPLES * sizeOf(shape) }, () => 2 * random.uniform() - 1);
  const y = Int32Array.from({ length: EXAMPLES }, () => random.below(4));
  const model = join(folder, `${name}.tflite`);
  const data = join(folder, `${name}.npz`);
  writeFileSync(model, exportTflite(graph));
  writeFileSync(data, zipSync({ 'x.npy': writeNpy(x, [EXAMPLES, ...shape]), 'y.npy': writeNpy(y, [EXAMPLES]) }));
  return { model, data };
}
