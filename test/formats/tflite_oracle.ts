import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Genuine TensorFlow Lite as Wasm, in plain Node: the npm package @tensorflow/tfjs-tflite, which bench/package.json names. */

const PLACES = [
  process.env.TFLITE_ORACLE,
  fileURLToPath(new URL('../../bench/node_modules/@tensorflow/tfjs-tflite', import.meta.url)),
];

/** Its folder, or null where it is not installed. */
export const oracleFolder = (): string | null => PLACES.find((p) => p && existsSync(join(p, 'wasm'))) ?? null;

type Numbers = Float32Array | Int8Array | Uint8Array | Int16Array | Int32Array;

interface Info {
  data(): Numbers;
  readonly shape: string;
  readonly dataType: string;
  readonly name: string;
}

interface List {
  size(): number;
  get(i: number): Info;
}

interface Runner {
  GetInputs(): List;
  GetOutputs(): List;
  Infer(): boolean;
}

export interface OracleModel {
  /** One call. State is kept from call to call. */
  run(inputs: readonly ArrayLike<number>[]): Numbers[];
}

const all = (list: List): Info[] => Array.from({ length: list.size() }, (_, i) => list.get(i));

/** Results are kept: when one is garbage-collected, the memory of its model is freed too. */
const kept: unknown[] = [];

/** @returns what loads a model, or throws with TFLite's message where it refuses it */
export async function openOracle(folder: string): Promise<(bytes: Uint8Array) => OracleModel> {
  const wasm = join(folder, 'wasm');
  const name = 'tflite_web_api_cc_simd';
  const make = createRequire(import.meta.url)(join(wasm, `${name}.js`));
  let said: string[] = [];
  const module = await make({
    locateFile: (file: string) => join(wasm, file),
    wasmBinary: readFileSync(join(wasm, `${name}.wasm`)),
    print: (line: string) => said.push(line),
    printErr: (line: string) => said.push(line),
  });
  return (bytes) => {
    said = [];
    const at = module._malloc(bytes.length);
    module.HEAPU8.set(bytes, at);
    const options = { numThreads: -1, enableProfiling: false, maxProfilingBufferEntries: 1024 };
    const made = module.TFLiteWebModelRunner.CreateFromBufferAndOptions(at, bytes.length, options);
    if (!made.ok()) throw new Error([made.errorMessage(), ...said].join(' '));
    const runner: Runner = made.value();
    kept.push(made, runner);
    return {
      run(values) {
        // tensors may have moved in the last call
        all(runner.GetInputs()).forEach((x, i) => {
          x.data().set(values[i] as number[]);
        });
        if (!runner.Infer()) throw new Error(['TensorFlow Lite failed', ...said].join(' '));
        return all(runner.GetOutputs()).map((y) => y.data().slice());
      },
    };
  };
}
