import { exportTflite, importTflite } from '../../src/formats/tflite/index.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';
import type { PageContext } from '../../test/browser/page.ts';
import { distance, NETWORKS, realInputs, withBatch } from '../networks.ts';
import { race, type Timing } from '../rounds.ts';

export interface LitertResult {
  readonly network: string;
  readonly batch: number;
  readonly relative: number;
  readonly timings: readonly Timing[];
}

/** Float inference in Chromium: Thumbnet beside LiteRT.js (TensorFlow Lite with XNNPACK in Wasm), the same file, one thread. */
export default async function litert({ file }: PageContext): Promise<LitertResult[]> {
  const { loadAndCompile, loadLiteRt, Tensor } = await import('@litertjs/core');
  await loadLiteRt('/peers/@litertjs/core/wasm/');
  const heap = await Heap.open();
  const results: LitertResult[] = [];
  for (const { name, float, int8 } of NETWORKS) {
    const graph = importTflite((await file(`shared/data/models/${float}.tflite`))!);
    const integer = importTflite((await file(`shared/data/models/${int8}.tflite`))!);
    for (const batch of [1, 32]) {
      const wide = withBatch(graph, batch);
      const model = await loadAndCompile(exportTflite(wide), { accelerator: 'wasm' });
      const x = realInputs(integer, batch);
      await heap.exclusive(async () => {
        const program = compile(heap, graph, { batch });
        const ours = () => {
          heap.write(program.inputs[0], x);
          program.run();
          return heap.read(program.outputs[0]) as Float32Array;
        };
        const theirs = async () => {
          const input = new Tensor(x, wide.tensors[wide.inputs[0]].shape);
          const [y] = await model.run(input);
          const values = await y.data();
          input.delete();
          y.delete();
          return values;
        };
        const { relative } = distance(await theirs(), ours());
        const timings = await race([
          { name: 'Thumbnet', run: ours },
          { name: 'LiteRT.js', run: theirs },
        ]);
        results.push({ network: name, batch, relative, timings });
      });
      model.delete();
    }
  }
  return results;
}
