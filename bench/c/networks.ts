/** Networks whose C is checked and counted. */
import { readFileSync } from 'node:fs';
import { type Dataset, loadDataset } from '../../src/data/index.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import type { Graph, Tensor } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { quantize } from '../../src/quant/index.ts';
import { layerOf } from '../../src/run/layers.ts';
import type { Heap } from '../../src/wasm/heap.ts';
import { neededPath } from '../../test/shared.ts';

export interface CNetwork {
  readonly name: string;
  /** Its file's name, under which `instructions_opponents.csv` has it too. */
  readonly file: string;
  load(heap: Heap): Promise<Graph>;
}

const modelFile = async (file: string) => loadModel(new Uint8Array(readFileSync(neededPath(`data/models/${file}`))));

const stored = (name: string, file: string): CNetwork => ({
  name,
  file,
  load: async () => asStored(await modelFile(`${file}.tflite`)),
});

/** A float network after `quantize` with its defaults. */
const quantized = (name: string, file: string, data: () => Promise<Dataset>): CNetwork => ({
  name,
  file,
  async load(heap) {
    const model = file === 'demo' ? await loadModel(await demoModel()) : await modelFile(file);
    return asStored(await quantize().run(model, { heap, data: await data(), seed: 1, original: model }));
  },
});

const dataOf = (path: string, options: Parameters<typeof loadDataset>[1]) => () =>
  loadDataset(neededPath(`data/${path}`), options);

/** Mean and standard deviation of each channel of the train part, rounded. */
const HAR = {
  mean: [0, 0, 0, 0, 0, 0, 0.8, 0, 0.1],
  std: [0.2, 0.12, 0.11, 0.4, 0.4, 0.25, 0.4, 0.4, 0.35],
};

export const C_NETWORKS: readonly CNetwork[] = [
  stored('ResNet8', 'pretrainedResnet_quant'),
  stored('DS-CNN', 'kws_ref_model'),
  stored('MobileNetV1-0.25 (VWW)', 'vww_96_int8'),
  stored('autoencoder', 'ad01_int8'),
  stored('streaming wake word', 'str_ww_ref_model'),
  quantized('HAR', 'HAR-CNN.onnx', dataOf('uci-har-part', HAR)),
  quantized('MNIST', 'mnist-8.onnx', dataOf('mnist', {})),
  quantized('demo', 'demo', async () => gestures()),
];

/** The network with weights of 4 bits in every other layer that can have them: for checks of bits, not of accuracy. */
export function withFourBits(graph: Graph): Graph {
  const tensors: Tensor[] = [...graph.tensors];
  let count = 0;
  for (const node of graph.nodes) {
    const layer = layerOf(node);
    if (!layer || tensors[layer.weights].dtype !== 'i8' || !FOUR_BITS.has(node.op) || count++ % 2) continue;
    const w = tensors[layer.weights];
    tensors[layer.weights] = { ...w, dtype: 'i4', data: sixteenth(w.data as Int8Array, -7, 7), quant: coarser(w, 4) };
    if (layer.bias < 0) continue;
    const b = tensors[layer.bias];
    tensors[layer.bias] = { ...b, data: sixteenth(b.data as Int32Array, -(2 ** 31), 2 ** 31 - 1), quant: coarser(b, 32) };
  }
  return { ...graph, tensors };
}

const FOUR_BITS = new Set(['conv2d', 'depthwiseConv2d', 'fullyConnected']);

/** Integers of a scale that is 16 times as large. */
const sixteenth = <T extends Int8Array | Int32Array>(values: T, least: number, largest: number): T =>
  values.map((v) => Math.min(largest, Math.max(least, Math.round(v / 16)))) as T;

const coarser = ({ quant }: Tensor, bits: 4 | 32) => ({ ...quant!, bits, scales: quant!.scales.map((s) => Math.fround(16 * s)) });
