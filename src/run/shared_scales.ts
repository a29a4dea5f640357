import type { Graph } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { layerOf } from './layers.ts';

/**
 * For each tensor the first of those that must have its scale and zero point: inputs and outputs of `as-input` operators; inputs of layers that
 * share their weights (the steps of a recurrent layer) and their outputs, so that they share bias and multipliers too.
 */
export function sharedScales(graph: Graph): Int32Array {
  const root = Int32Array.from(graph.tensors.keys());
  const find = (t: number): number => {
    while (root[t] !== t) t = root[t];
    return t;
  };
  const unite = (tensors: readonly number[]) => {
    const together = tensors.filter((t) => t >= 0 && graph.tensors[t].dtype === 'f32').map(find);
    const first = Math.min(...together);
    for (const t of together) root[t] = first;
  };
  const layers = new Map<number, { readonly x: number; readonly y: number }>();
  for (const node of graph.nodes) {
    if (rowOf(node.op).outputRange === 'as-input') unite([...node.inputs, ...node.outputs]);
    const layer = layerOf(node);
    if (!layer) continue;
    const known = layers.get(layer.weights);
    layers.set(layer.weights, known ?? { x: layer.x, y: node.outputs[0] });
    if (!known) continue;
    unite([known.x, layer.x]);
    unite([known.y, node.outputs[0]]);
  }
  return root.map((_, t) => find(t));
}
