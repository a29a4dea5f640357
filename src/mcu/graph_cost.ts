import { bytesOf, type DType, type Graph, type Node, type Quantization, sizeOf, type Tensor } from '../graph/graph.ts';
import { type Cost, rowOf } from '../ops/index.ts';
import type { Target } from './targets.ts';

/**
 * A graph as the chip would hold it. A quantization record on a float tensor means that it becomes an integer of `bits`;
 * the bias of an integer layer is int32 (int64 under 16-bit activations).
 */
export interface ChipGraph {
  readonly graph: Graph;
  readonly dtypes: readonly DType[];
}

const OF_BITS: Readonly<Record<Quantization['bits'], DType>> = { 4: 'i4', 8: 'i8', 16: 'i16', 32: 'i32', 64: 'i64' };

const typeOf = (t: Tensor): DType => (t.dtype === 'f32' && t.quant ? OF_BITS[t.quant.bits] : t.dtype);

export function onChip(graph: Graph): ChipGraph {
  const dtypes = graph.tensors.map(typeOf);
  for (const node of graph.nodes) {
    const [x, w, bias] = node.inputs;
    if (node.outputs.length !== 1 || bias === undefined || bias < 0) continue;
    if (dtypes[bias] === 'f32' && graph.tensors[bias].data && dtypes[w] !== 'f32' && dtypes[x] !== 'f32') {
      dtypes[bias] = dtypes[x] === 'i16' ? 'i64' : 'i32';
    }
  }
  return { graph, dtypes };
}

/** Bytes of a tensor on the chip; with `count` for another number of elements. */
export const tensorBytes = ({ graph, dtypes }: ChipGraph, t: number): number =>
  bytesOf(dtypes[t], sizeOf(graph.tensors[t].shape));

export function nodeCost({ graph, dtypes }: ChipGraph, node: Node, target: Pick<Target, 'kind'>): Cost {
  const { tensors } = graph;
  return rowOf(node.op).cost({
    x: node.inputs.map((t) => (t < 0 ? null : tensors[t].shape)),
    y: node.outputs.map((t) => tensors[t].shape),
    dtypes: { x: node.inputs.map((t) => (t < 0 ? null : dtypes[t])), y: node.outputs.map((t) => dtypes[t]) },
    attrs: node.attrs,
    core: target,
  });
}
