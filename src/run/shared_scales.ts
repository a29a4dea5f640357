import type { Graph } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';

/** For each tensor the first of those that must have its scale and zero point: inputs and outputs of `as-input` operators. */
export function sharedScales(graph: Graph): Int32Array {
  const root = Int32Array.from(graph.tensors.keys());
  const find = (t: number): number => {
    while (root[t] !== t) t = root[t];
    return t;
  };
  for (const node of graph.nodes) {
    if (rowOf(node.op).outputRange !== 'as-input') continue;
    const together = [...node.inputs, ...node.outputs].filter((t) => t >= 0 && graph.tensors[t].dtype === 'f32').map(find);
    const first = Math.min(...together);
    for (const t of together) root[t] = first;
  }
  return root.map((_, t) => find(t));
}
