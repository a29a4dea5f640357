import { type Dataset, inputsOf, type Part, planBatch } from '../data/index.ts';
import { forEachBatch } from '../evaluate.ts';
import type { Graph, Values } from '../graph/graph.ts';
import { withLogits } from '../run/logits.ts';
import type { Heap } from '../wasm/heap.ts';

/** Logits of one output on all examples of a part. */
export interface Logits {
  readonly values: readonly number[];
  readonly mean: number;
  /** Sum of the squares of their differences from the mean. */
  readonly squares: number;
}

/** What each output of a graph answers, before its softmax or sigmoid. */
export function logitsOf(heap: Heap, given: Graph, data: Dataset, part: Part): Logits[] {
  const graph = withLogits(given);
  const plan = planBatch(data, inputsOf(graph));
  return graph.outputs.map((_, output) => {
    const values: number[] = [];
    const gather = (logits: Values) => {
      for (const v of logits as Float32Array) values.push(v);
    };
    forEachBatch(heap, graph, part, plan, gather, output);
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    return { values, mean, squares: values.reduce((sum, v) => sum + (v - mean) ** 2, 0) };
  });
}
