import { createRequire } from 'node:module';
import { writeOnnx } from '../src/formats/onnx/write.ts';
import type { Graph } from '../src/graph/graph.ts';
import { isInt8 } from './networks.ts';

interface OrtTensor {
  readonly data: Float32Array | Int8Array | Uint8Array;
  dispose?(): void;
}

interface OrtSession {
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

interface Ort {
  readonly Tensor: new (type: string, data: Float32Array | Int8Array | Uint8Array, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OrtSession> };
  readonly env: { wasm: { numThreads: number } };
}

export type Flavour = 'node' | 'web';

/** A graph compiled by ONNX Runtime, one thread. int8 networks take and give int8, in either form of file. */
export interface OrtProgram {
  run(): Promise<unknown>;
  output(): Promise<Float32Array | Int8Array>;
  release(): Promise<void>;
}

const require = createRequire(import.meta.url);
// Both register themselves with one shared package; the native one, loaded first, keeps the name `cpu`.
require('onnxruntime-node');
const loaded = new Map<Flavour, Ort>();

async function load(flavour: Flavour): Promise<Ort> {
  const found = loaded.get(flavour);
  if (found) return found;
  const ort: Ort = require(`onnxruntime-${flavour}`);
  if (flavour === 'web') ort.env.wasm.numThreads = 1;
  loaded.set(flavour, ort);
  return ort;
}

export async function openOrt(
  flavour: Flavour,
  graph: Graph,
  x: Float32Array | Int8Array,
  { batch, unsigned }: { batch: number; unsigned: boolean },
): Promise<OrtProgram> {
  const ort = await load(flavour);
  const session = await ort.InferenceSession.create(writeOnnx(graph, { unsigned }).bytes, {
    executionProviders: [flavour === 'web' ? 'wasm' : 'cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });
  const type = isInt8(graph) ? (unsigned ? 'uint8' : 'int8') : 'float32';
  const values = type === 'uint8' ? Uint8Array.from(x, (v) => v + 128) : x;
  const [input, output] = [graph.inputs[0], graph.outputs[0]].map((t) => graph.tensors[t]);
  const feeds = { [input.name]: new ort.Tensor(type, values, [batch, ...input.shape.slice(1)]) };
  const run = () => session.run(feeds);
  return {
    run,
    async output() {
      const { data } = (await run())[output.name];
      return data instanceof Uint8Array ? Int8Array.from(data, (v) => v - 128) : data;
    },
    release: () => session.release(),
  };
}
