import { createRequire } from 'node:module';

export interface Feed {
  readonly name: string;
  readonly values: Float32Array | Int8Array | Uint8Array;
  readonly dims: readonly number[];
}

export type Found = Record<string, { readonly data: Float32Array | Int8Array; readonly dims: readonly number[] }>;

interface Session {
  run(feeds: object): Promise<Found>;
  release(): Promise<void>;
}

interface Ort {
  readonly Tensor: new (type: string, data: ArrayBufferView, dims: readonly number[]) => object;
  readonly InferenceSession: { create(bytes: Uint8Array, options: object): Promise<Session> };
}

export interface OnnxRuntime {
  /** All outputs of a model, in the file's order of axes. */
  run(file: Uint8Array, feeds: readonly Feed[]): Promise<Found>;
}

/** ONNX Runtime where bench's packages are installed (`npm ci --prefix bench --ignore-scripts`); null elsewhere. */
export function openOnnxRuntime(): OnnxRuntime | null {
  let ort: Ort;
  try {
    ort = createRequire(new URL('../../bench/package.json', import.meta.url))('onnxruntime-node');
  } catch {
    console.log('onnxruntime-node is not installed (npm ci --prefix bench --ignore-scripts): tests with it are skipped');
    return null;
  }
  const options = { logSeverityLevel: 3, graphOptimizationLevel: 'basic', intraOpNumThreads: 1, interOpNumThreads: 1 };
  const typeOf = (x: Feed['values']) => (x instanceof Int8Array ? 'int8' : x instanceof Uint8Array ? 'uint8' : 'float32');
  return {
    async run(file, feeds) {
      const session = await ort.InferenceSession.create(file, options);
      try {
        return await session.run(
          Object.fromEntries(feeds.map(({ name, values, dims }) => [name, new ort.Tensor(typeOf(values), values, dims)])),
        );
      } finally {
        await session.release();
      }
    },
  };
}
