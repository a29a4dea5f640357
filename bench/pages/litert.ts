import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { withFloatInputs } from '../../test/browser/float_input.ts';
import type { PageContext } from '../../test/browser/page.ts';
import { distance, NETWORKS, realInputs, withBatch } from '../networks.ts';
import { type Clock, race, type Timing } from '../rounds.ts';

export interface LitertResult {
  readonly network: string;
  readonly numbers: 'int8' | 'float';
  readonly batch: number;
  /** The largest difference of the answers, as a share of the largest. */
  readonly relative: number;
  /** int8: Thumbnet, Thumbnet without relaxed dots, LiteRT.js; float: Thumbnet, LiteRT.js. */
  readonly timings: readonly Timing[];
}

/**
 * Thumbnet beside LiteRT.js (TensorFlow Lite with XNNPACK in Wasm) in Chromium: the same file, one thread. LiteRT.js takes floats only: integer
 * networks stand between a quantization and a dequantization, in both.
 */
export default async function litert({ file, processorTime }: PageContext): Promise<LitertResult[]> {
  const { loadLiteRt } = await import('@litertjs/core');
  await loadLiteRt('/peers/@litertjs/core/wasm/');
  // LiteRT.js rounds once.
  const heap = await Heap.open({ rounding: 'single' });
  const plain = await Heap.open({ rounding: 'single', relaxed: false });
  const results: LitertResult[] = [];
  for (const { name, float, int8 } of NETWORKS) {
    const integer = importTflite((await file(`shared/data/models/${int8}.tflite`))!);
    const real = importTflite((await file(`shared/data/models/${float}.tflite`))!);
    for (const batch of [1, 32]) {
      const x = realInputs(integer, batch);
      const between = withFloatInputs(integer);
      const ours = { Thumbnet: heap, 'plain dots': plain };
      results.push({ network: name, numbers: 'int8', batch, ...(await beside(ours, between, x, batch, processorTime!)) });
      results.push({
        network: name,
        numbers: 'float',
        batch,
        ...(await beside({ Thumbnet: heap }, real, x, batch, processorTime!)),
      });
    }
  }
  return results;
}

async function beside(heaps: Record<string, Heap>, graph: Graph, x: Float32Array, batch: number, clock: Clock) {
  const { loadAndCompile, Tensor } = await import('@litertjs/core');
  const wide = withBatch(graph, batch);
  const model = await loadAndCompile(exportTflite(wide), { accelerator: 'wasm' });
  const theirs = async () => {
    const input = new Tensor(x, wide.tensors[wide.inputs[0]].shape);
    const [y] = await model.run(input);
    const values = await y.data();
    input.delete();
    y.delete();
    return values;
  };
  const compared = async () => {
    const ours = Object.entries(heaps).map(([name, heap]) => ({ name, run: runner(heap, graph, x, batch) }));
    const { relative } = distance(await theirs(), ours[0].run());
    return { relative, timings: await race([...ours, { name: 'LiteRT.js', run: theirs }], { rounds: 21, millis: 100, clock }) };
  };
  try {
    return await Object.values(heaps).reduce((work, heap) => () => heap.exclusive(work), compared)();
  } finally {
    model.delete();
  }
}

function runner(heap: Heap, graph: Graph, x: Float32Array, batch: number): () => Float32Array {
  const program = compile(heap, graph, { batch });
  return () => {
    heap.write(program.inputs[0], x);
    program.run();
    return heap.read(program.outputs[0]) as Float32Array;
  };
}
