import { CompressError } from '../../src/errors.ts';
import type { DType, Graph } from '../../src/graph/graph.ts';
import { OPS } from '../../src/ops/index.ts';
import { stepOf } from '../../src/run/kernel_step.ts';
import { lowered } from '../../src/run/lower.ts';
import type { Heap } from '../../src/wasm/heap.ts';
import { mergeGraphs } from '../c/merge.ts';
import { graphOf, samplesOf } from '../formats/row_graphs.ts';

/** Whether the engine itself runs this graph of one node. */
function runs(heap: Heap, graph: Graph): boolean {
  return heap.scope(() => {
    try {
      const operands = graph.tensors.map((t) => ({ ...t, ...heap.tensor(t.dtype, t.shape, t.data ?? undefined) }));
      const call = lowered(graph.nodes[0], operands);
      if (call) stepOf(heap, call);
      return call !== null;
    } catch (e) {
      if (e instanceof CompressError) return false;
      throw e;
    }
  });
}

/** One graph of all samples of all operators that the engine runs on a type. */
export function allOf(heap: Heap, dtype: DType): { graph: Graph; operators: Set<string> } {
  // The hidden state of an LSTM is of its output's type.
  const typed = (g: Graph): Graph => ({
    ...g,
    tensors: g.tensors.map((t) => (t.variable && t.dtype === 'i8' ? { ...t, dtype } : t)),
  });
  const graphs = Object.keys(OPS).flatMap((op) => samplesOf(op).map((sample) => typed(graphOf(op, sample, dtype))));
  const running = graphs.filter((g) => OPS[g.nodes[0].op].lower && runs(heap, g));
  return { graph: mergeGraphs(running), operators: new Set(running.map((g) => g.nodes[0].op)) };
}
