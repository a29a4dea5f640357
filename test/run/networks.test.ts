/** Whole evaluation sets through the real networks: the counts and the bytes that the golden files tell. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dataset, inputsOf, loadDataset, planBatch, readNpy } from '../../src/data/index.ts';
import { evaluatePart, forEachBatch } from '../../src/evaluate.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { sharedPath } from '../shared.ts';
import { sharedTest } from '../shared_test.ts';

/** All examples of a file as the test part, in its order. */
async function npz(path: string, scale = 1): Promise<Dataset> {
  const files = unzipSync(readFileSync(path));
  const x = readNpy(files['x.npy'], 'x');
  const y = readNpy(files['y.npy'], 'y');
  return loadDataset({ test: { x: x.data, shape: x.shape, y: y.data as Uint8Array } }, { scale });
}

function outputsSha(heap: Heap, graph: Graph, data: Dataset): string {
  const hash = createHash('sha256');
  forEachBatch(heap, graph, data.test!, planBatch(data, inputsOf(graph)), (values) => {
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  });
  return hash.digest('hex');
}

const golden = (name: string) => {
  const path = sharedPath(`vectors/models/${name}.json`);
  return path ? JSON.parse(readFileSync(path, 'utf8')).dataset : null;
};

const CASES: { model: string; data: string; correct: number; within?: number; scale?: number; golden?: string }[] = [
  { model: 'pretrainedResnet.tflite', data: 'cifar10/test.npz', correct: 1290, within: 1 },
  { model: 'pretrainedResnet_quant.tflite', data: 'cifar10/test.npz', correct: 1290, golden: 'resnet8_int8' },
  { model: 'kws_ref_model.tflite', data: 'kws01/test_mfcc.npz', correct: 912, golden: 'ds_cnn_int8' },
  { model: 'kws_ref_model_float32.tflite', data: 'kws01/test_mfcc.npz', correct: 910 },
  { model: 'kws_savedmodel_float.tflite', data: 'kws01/test_mfcc.npz', correct: 916 },
  { model: 'vww_96_float.tflite', data: 'vww01/test.npz', correct: 852, scale: 1 / 255 },
];

for (const c of CASES) {
  sharedTest(`${c.model} on ${c.data}`, [`data/models/${c.model}`, `data/${c.data}`], async (model, data) => {
    const graph = importTflite(readFileSync(model));
    const set = await npz(data, c.scale);
    const heap = await Heap.open();
    const { correct } = evaluatePart(heap, graph, set, 'test');
    assert.ok(Math.abs(correct! - c.correct) <= (c.within ?? 0), `${correct} correct instead of ${c.correct}`);
    const expected = c.golden && golden(c.golden);
    if (expected) assert.is(outputsSha(heap, graph, set), expected.outputs_sha256);
  });
}

const CLIP = 'data/ad01/normal_id_01_00000000_hist_librosa.bin';
for (const [file, name] of [
  ['ad01_fp32.tflite', 'ad_float'],
  ['ad01_int8.tflite', 'ad_int8'],
]) {
  const needed = [`data/models/${file}`, CLIP, `vectors/models/${name}.json`];
  sharedTest(`${file}: reconstruction error of a clip`, needed, async (model, clip) => {
    const expected = golden(name);
    const graph = importTflite(readFileSync(model));
    const bytes = readFileSync(clip);
    const frames = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const windows = Float32Array.from({ length: 196 * 640 }, (_, i) => frames[Math.floor(i / 640) * 128 + (i % 640)]);
    const data = await loadDataset({ test: { x: windows, shape: [196, 640] } });
    const heap = await Heap.open();
    const { quant } = graph.tensors[graph.outputs[0]];
    const error = evaluatePart(heap, graph, data, 'test').meanSquaredError!;
    // float32 sums of 640 products: a relative 1e-5 of the largest value, see the golden file
    const tolerance = quant ? 1e-9 : 1e-4;
    assert.ok(Math.abs(error - expected.mean_squared_error) < tolerance, `${error} instead of ${expected.mean_squared_error}`);
    if (expected.outputs_sha256) assert.is(outputsSha(heap, graph, data), expected.outputs_sha256);
  });
}

test.run();
