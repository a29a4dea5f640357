import { bytesOf, DTYPE_OF_BITS, type DType, type Graph, type Node, sizeOf, type Tensor } from '../graph/graph.ts';
import { type Core, type Cost, rowOf } from '../ops/index.ts';
import { costOf } from '../run/cost.ts';

/**
 * A graph as the chip would hold it. A quantization record on a float tensor means that it becomes an integer of `bits`;
 * the bias of an integer layer is int32 (int64 under 16-bit activations).
 */
export interface ChipGraph {
  readonly graph: Graph;
  readonly dtypes: readonly DType[];
}

const typeOf = (t: Tensor): DType => (t.dtype === 'f32' && t.quant ? DTYPE_OF_BITS[t.quant.bits] : t.dtype);

/** Bits that a float graph without records would be given. */
export interface Assumed {
  readonly weights: 4 | 8;
  readonly activations: 8 | 16;
}

export function onChip(graph: Graph, assumed: Assumed | null = null): ChipGraph {
  const dtypes = graph.tensors.map(typeOf);
  if (assumed)
    for (const [t, { dtype }] of graph.tensors.entries())
      if (dtype === 'f32' && dtypes[t] === 'f32') dtypes[t] = DTYPE_OF_BITS[assumed.activations];
  for (const { op, inputs } of graph.nodes) {
    const [x, w, bias] = inputs;
    const { trainable } = rowOf(op);
    if (assumed && trainable.includes(1) && isFloatConstant(graph, w))
      dtypes[w] = graph.tensors[w].quant ? dtypes[w] : DTYPE_OF_BITS[assumed.weights];
    const wide = trainable.includes(2) && isFloatConstant(graph, bias) && dtypes[x] !== 'f32' && dtypes[w] !== 'f32';
    if (wide) dtypes[bias] = dtypes[x] === 'i16' ? 'i64' : 'i32';
  }
  return { graph, dtypes };
}

const isFloatConstant = ({ tensors }: Graph, t: number | undefined) =>
  t !== undefined && t >= 0 && tensors[t].dtype === 'f32' && tensors[t].data !== null;

/** Bytes of a tensor on the chip. */
export const tensorBytes = ({ graph, dtypes }: ChipGraph, t: number): number =>
  bytesOf(dtypes[t], sizeOf(graph.tensors[t].shape));

export const nodeCost = ({ graph, dtypes }: ChipGraph, node: Node, core: Core): Cost => costOf(graph, node, core, dtypes);
