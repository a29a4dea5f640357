import { bytesOf, DTYPE_OF_BITS, type DType, type Graph, type Quantization, sizeOf, type Tensor } from '../graph/graph.ts';
import type { CoreKind } from '../ops/buffer_sizes.ts';
import { type Cost, type KernelCall, type Operand, rowOf } from '../ops/index.ts';
import { costOf } from '../run/cost.ts';
import { layerOf } from '../run/layers.ts';
import { lowered } from '../run/lower.ts';

/**
 * A graph as the chip would hold it. A quantization record on a float tensor means that it becomes an integer of `bits`;
 * the bias of an integer layer is int32 (int64 under 16-bit activations).
 */
export interface ChipGraph {
  readonly graph: Graph;
  /** By tensor. */
  readonly operands: readonly Operand[];
  /** By node: what runs; null where it computes with real numbers, or nothing runs. */
  readonly calls: readonly (KernelCall | null)[];
}

/** Bits that a float graph without records would be given. */
export interface Assumed {
  readonly weights: 4 | 8;
  readonly activations: 8 | 16;
}

/** Stands for what is not measured yet: multipliers made from it mean nothing, and no cost depends on them. */
const UNMEASURED: Quantization = { bits: 8, scales: [1], zeros: [0], axis: null };

/** @throws CompressError `unsupported` where an operator has no integer form of the types it gets */
export function onChip(graph: Graph, assumed: Assumed | null = null): ChipGraph {
  const dtypes = dtypesOf(graph, assumed);
  const operands = graph.tensors.map(({ shape, dtype, quant, data }, t): Operand => {
    return { shape, dtype: dtypes[t], quant: quant ?? (dtype === 'f32' ? UNMEASURED : null), data };
  });
  const calls = graph.nodes.map((node) => (rowOf(node.op).work ? lowered(node, operands) : null));
  return { graph, operands, calls };
}

const typeOf = (t: Tensor): DType => (t.dtype === 'f32' && t.quant ? DTYPE_OF_BITS[t.quant.bits] : t.dtype);

function dtypesOf(graph: Graph, assumed: Assumed | null): DType[] {
  const dtypes = graph.tensors.map(typeOf);
  if (assumed)
    for (const [t, { dtype }] of graph.tensors.entries())
      if (dtype === 'f32' && dtypes[t] === 'f32') dtypes[t] = DTYPE_OF_BITS[assumed.activations];
  for (const node of graph.nodes) {
    const layer = layerOf(node);
    if (!layer) continue;
    const { x, weights: w, bias } = layer;
    if (assumed && isFloatConstant(graph, w) && !graph.tensors[w].quant) dtypes[w] = DTYPE_OF_BITS[assumed.weights];
    if (isFloatConstant(graph, bias) && dtypes[x] !== 'f32' && dtypes[w] !== 'f32') {
      dtypes[bias] = dtypes[x] === 'i16' ? 'i64' : 'i32';
    }
  }
  return dtypes;
}

const isFloatConstant = ({ tensors }: Graph, t: number) => t >= 0 && tensors[t].dtype === 'f32' && tensors[t].data !== null;

/** Bytes of a tensor on the chip. */
export const tensorBytes = ({ operands }: ChipGraph, t: number): number => bytesOf(operands[t].dtype, sizeOf(operands[t].shape));

/** Bytes of weights and biases as a file of the model holds them, weights of 4 bits two to a byte; each tensor once. */
export function weightBytes(chip: ChipGraph): number {
  const { graph, operands } = chip;
  const constants = graph.nodes.flatMap((n) => n.inputs).filter((t) => t >= 0 && graph.tensors[t].data && operands[t].quant);
  return [...new Set(constants)].reduce((n, t) => n + tensorBytes(chip, t), 0);
}

/** What each node costs on a kind of core. */
export const costsOf = ({ graph, operands, calls }: ChipGraph, core: CoreKind): Cost[] =>
  graph.nodes.map((node, i) => costOf(node, operands, calls[i], core));
