import { exportTflite, importTflite } from '../../../src/formats/tflite/index.ts';
import { sizeOf } from '../../../src/graph/graph.ts';
import { createRandom } from '../../../src/random.ts';
import { withFloatInputs } from '../float_input.ts';
import type { PageContext, PageResult } from '../page.ts';

export const browsers = ['chromium'] as const;

const MODELS = ['pretrainedResnet', 'pretrainedResnet_quant', 'kws_ref_model', 'vww_96_int8', 'ad01_int8'];

/** Files written by Thumbnet load in TensorFlow Lite's own interpreter (LiteRT.js) and run there. */
export default async function litert({ file }: PageContext): Promise<PageResult> {
  const { loadAndCompile, loadLiteRt, Tensor } = await import('@litertjs/core');
  await loadLiteRt('/peers/@litertjs/core/wasm/');
  const failures: string[] = [];
  const notes: string[] = [];
  let passed = 0;
  const random = createRandom(3, 'litert inputs');
  for (const name of MODELS) {
    const bytes = await file(`shared/data/models/${name}.tflite`);
    if (!bytes) return { passed: 0, failures: [], skipped: 'the models under shared/ are absent' };
    const graph = withFloatInputs(importTflite(bytes));
    try {
      const model = await loadAndCompile(exportTflite(graph), { accelerator: 'wasm' });
      const { shape } = graph.tensors[graph.inputs[0]];
      const x = Float32Array.from({ length: sizeOf(shape) }, () => random.uniform());
      const [y] = await model.run(new Tensor(x, shape));
      const values = await y.data();
      notes.push(`${name}: ${[...values.slice(0, 4)].map((v) => v.toFixed(4)).join(' ')}`);
      passed++;
    } catch (e) {
      failures.push(`${name}: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`);
    }
  }
  return { passed, failures, notes };
}
