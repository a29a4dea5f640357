import { gestures } from '../../../src/demo/index.ts';
import { sha256 } from '../../../src/digest.ts';
import { exportC } from '../../../src/index.ts';
import { loadModel } from '../../../src/model.ts';
import { quantize } from '../../../src/quant/index.ts';
import { Heap } from '../../../src/wasm/heap.ts';
import type { PageContext, PageResult } from '../page.ts';

const TARGETS = ['stm32f072rb', 'stm32f103rc', 'stm32l476rg', 'apollo510'];

/** C is written in a browser without any tool, and every file is the text that Node writes. */
export default async function exportInBrowser({ file }: PageContext): Promise<PageResult> {
  const heap = await Heap.open();
  const float = await loadModel((await file('assets/gestures.tflite'))!);
  const model = await quantize().run(float, { heap, data: gestures(), seed: 1, original: float });
  const failures: string[] = [];
  const digests: Record<string, string> = {};
  for (const target of TARGETS) {
    const { files, name } = await exportC(model, target, { name: 'gestures', heap });
    for (const [path, text] of Object.entries(files)) digests[`${target} ${path}`] = await sha256(new TextEncoder().encode(text));
    if (!files[`${name}.h`]?.includes('thumbnet_gestures_invoke')) failures.push(`${target}: no header`);
  }
  return { passed: TARGETS.length - failures.length, failures, digests };
}
