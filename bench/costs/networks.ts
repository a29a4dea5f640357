import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { writeNpy } from '../../src/data/npy.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { createRandom } from '../../src/random.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { compile } from '../../src/run/compile.ts';
import { withLogits } from '../../src/run/logits.ts';
import { Heap } from '../../src/wasm/heap.ts';

const EXAMPLES = 1000;
const CLASSES = 4;

/** Files of a network with random weights, and of random examples for it. */
export interface Files {
  readonly model: string;
  readonly data: string;
}

/** A chain of `layers` 3x3 convolutions with 8 channels, over 8x8 pixels. */
export function deepNetwork(folder: string, layers: number): Promise<Files> {
  const net = buildNetwork('deep', [8, 8, 4], 1);
  let x = net.input;
  for (let i = 0; i < layers; i++) x = net.conv2d(x, 8, { kernel: [3, 3], activation: 'relu' });
  return write(folder, `deep${layers}`, net.finish(net.softmax(net.dense(net.globalMean(x), CLASSES))), [8, 8, 4]);
}

/** Two dense layers of `units` units. */
export function wideNetwork(folder: string, units: number): Promise<Files> {
  const net = buildNetwork('wide', [64], 1);
  const x = net.dense(net.dense(net.input, units, { activation: 'relu' }), units, { activation: 'relu' });
  return write(folder, `wide${units}`, net.finish(net.softmax(net.dense(x, CLASSES))), [64]);
}

/** Labels are what the network itself answers, each logit less its mean: then it is right, and no class is rare. */
async function write(folder: string, name: string, graph: Graph, shape: readonly number[]): Promise<Files> {
  const random = createRandom(1, 'bench/costs');
  const x = Float32Array.from({ length: EXAMPLES * sizeOf(shape) }, () => 2 * random.uniform() - 1);
  const logits = await logitsOf(graph, x, sizeOf(shape));
  const means = Array.from({ length: CLASSES }, (_, c) => logits.reduce((sum, row) => sum + row[c], 0) / EXAMPLES);
  const y = Int32Array.from(logits, (row) => largest(row.map((value, c) => value - means[c])));
  const bias = graph.tensors.findLast((t) => t.data instanceof Float32Array && t.shape.length === 1)!;
  (bias.data as Float32Array).set(means.map((m) => -m));
  const model = join(folder, `${name}.tflite`);
  const data = join(folder, `${name}.npz`);
  writeFileSync(model, exportTflite(graph));
  writeFileSync(data, zipSync({ 'x.npy': writeNpy(x, [EXAMPLES, ...shape]), 'y.npy': writeNpy(y, [EXAMPLES]) }));
  return { model, data };
}

async function logitsOf(graph: Graph, x: Float32Array, size: number): Promise<number[][]> {
  const heap = await Heap.open();
  return heap.scope(() => {
    const program = compile(heap, withLogits(graph));
    return Array.from({ length: EXAMPLES }, (_, i) => {
      heap.write(program.inputs[0], x.subarray(i * size, (i + 1) * size));
      program.run();
      return [...(heap.read(program.outputs[0]) as Float32Array)];
    });
  });
}

const largest = (values: readonly number[]): number => values.indexOf(Math.max(...values));
