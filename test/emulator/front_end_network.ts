/** Small networks behind front ends. */
import * as assert from 'uvu/assert';
import { buildModel } from '../../src/builders/index.ts';
import { type Dataset, frontEndIn, loadDataset, normalizedFeatures, withFrontEndOf } from '../../src/data/index.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { quantize } from '../../src/quant/index.ts';
import { createRandom, normal } from '../../src/random.ts';
import type { Heap } from '../../src/wasm/heap.ts';

/** Noise of three colours, as a class each. */
export async function dataOf(features: string, samples: number, channels: number): Promise<Dataset> {
  const count = 30;
  const random = createRandom(3, 'front ends');
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
export async function networkFor(heap: Heap, data: Dataset): Promise<Graph> {
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
