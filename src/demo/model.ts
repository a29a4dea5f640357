import { readInstalled } from '../wasm/load.ts';

/** The demo's float network as a `.tflite` file, made by scripts/train_demo_model.ts. Input [1, 128, 1, 3], output six probabilities. */
export const demoModel = (): Promise<Uint8Array> => readInstalled(new URL('../../assets/gestures.tflite', import.meta.url));
