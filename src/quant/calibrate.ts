import { batchInto, type Dataset, planBatch } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { createRandom, permutation } from '../random.ts';
import { compile, isBatchable } from '../run/compile.ts';
import type { Heap, HeapTensor } from '../wasm/heap.ts';
import { histogramF32, minMaxF32 } from '../wasm/stats.ts';
import type { Histogram } from './range.ts';

const BINS = 2048;
const BATCH = 16;

/** Runs `examples` of the train part through a float graph; hands over the histogram of every computed tensor, by index. */
export function calibrate(heap: Heap, graph: Graph, data: Dataset, examples: number, seed: number): Map<number, Histogram> {
  const part = data.train ?? data.validation;
  if (!part) {
    throw new CompressError(
      'bad-data',
      `${data.name} has no train part to measure ranges on`,
      'give a folder with a train part, or a --split',
    );
  }
  const order = permutation(part.count, createRandom(seed, 'calibrate')).subarray(0, examples);
  return heap.scope(() => {
    const batch = isBatchable(graph) ? Math.min(BATCH, order.length) : 1;
    const program = compile(heap, graph, { batch, keepAll: true });
    const plan = planBatch(data, graph.tensors[graph.inputs[0]]);
    const input = plan.create(batch);
    const measured = computedTensors(graph);
    const eachBatch = (visit: () => void) => {
      for (let at = 0; at + batch <= order.length; at += batch) {
        batchInto(plan, part, order.subarray(at, at + batch), input);
        heap.write(program.inputs[0], input);
        program.run();
        visit();
      }
    };
    const ranges = new Map(
      measured.map((t) => [t, heap.tensor('f32', [2], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])]),
    );
    const widen = measured.map((t) => minMaxF32(heap, ranges.get(t)!, program.operands[t]));
    eachBatch(() => {
      for (const step of widen) step();
    });
    const counters = new Map<number, { counts: HeapTensor; low: number; high: number }>();
    const count = measured.map((t) => {
      const [low, high] = heap.read(ranges.get(t)!) as Float32Array;
      const counts = heap.tensor('i32', [BINS]);
      counters.set(t, { counts, low, high });
      return high > low ? histogramF32(heap, counts, program.operands[t], low, high) : () => {};
    });
    eachBatch(() => {
      for (const step of count) step();
    });
    return new Map(
      [...counters].map(([t, { counts, low, high }]) => [t, { low, high, counts: heap.read(counts) as Int32Array }]),
    );
  });
}

function computedTensors(graph: Graph): number[] {
  const found = new Set<number>(graph.inputs);
  for (const node of graph.nodes) for (const t of node.outputs) found.add(t);
  return [...found].filter((t) => graph.tensors[t].dtype === 'f32' && !graph.tensors[t].data);
}
