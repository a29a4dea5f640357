import { bytesOf, type Graph, sizeOf } from '../graph/graph.ts';
import { rowOf, type Shape } from '../ops/index.ts';

export interface Places {
  /** Byte offset of each tensor that is computed or given; -1 for constants. */
  readonly offsets: Float64Array;
  readonly bytes: number;
}

const ALIGN = 64;
const align = (n: number) => Math.ceil(n / ALIGN) * ALIGN;

/**
 * Memory for activations while a graph runs here (the chip's arena is planned in mcu/): first fit by order of use;
 * views share the bytes of what they view.
 */
export function placeActivations(graph: Graph, shapes: readonly Shape[], keepAll: boolean): Places {
  const n = graph.tensors.length;
  const { root, first, last } = lifetimes(graph, keepAll);
  const offsets = new Float64Array(n).fill(-1);
  const placed: { from: number; to: number; first: number; last: number }[] = [];
  let bytes = 0;
  const order = [...root.keys()].filter((t) => root[t] === t && last[t] >= first[t] && !graph.tensors[t].data);
  order.sort((a, b) => first[a] - first[b] || a - b);
  for (const t of order) {
    const size = align(bytesOf(graph.tensors[t].dtype, sizeOf(shapes[t])));
    let from = 0;
    for (const p of placed) {
      if (p.last < first[t] || p.first > last[t]) continue;
      if (p.from < from + size && p.to > from) from = p.to;
    }
    offsets[t] = from;
    placed.push({ from, to: from + size, first: first[t], last: last[t] });
    placed.sort((a, b) => a.from - b.from);
    bytes = Math.max(bytes, from + size);
  }
  for (let t = 0; t < n; t++) if (root[t] !== t) offsets[t] = offsets[root[t]];
  return { offsets, bytes };
}

/** First and last step at which each tensor's bytes are needed; `root` is the tensor that a view looks at. */
function lifetimes(graph: Graph, keepAll: boolean) {
  const n = graph.tensors.length;
  const end = graph.nodes.length;
  const root = Int32Array.from({ length: n }, (_, i) => i);
  const first = new Float64Array(n).fill(end + 1);
  const last = new Float64Array(n).fill(-1);
  const touch = (t: number, time: number) => {
    if (t < 0) return;
    const r = root[t];
    first[r] = Math.min(first[r], time);
    last[r] = Math.max(last[r], time);
  };
  for (const t of graph.inputs) touch(t, 0);
  graph.nodes.forEach((node, time) => {
    const source = node.inputs[0];
    if (!keepAll && rowOf(node.op).memory === 'view' && !graph.tensors[source].data) root[node.outputs[0]] = root[source];
    for (const t of [...node.inputs, ...node.outputs]) touch(t, time);
  });
  for (const t of [...graph.inputs, ...graph.outputs]) touch(t, end);
  if (keepAll) for (let t = 0; t < n; t++) if (last[t] >= 0) touch(t, end);
  return { root, first, last };
}
