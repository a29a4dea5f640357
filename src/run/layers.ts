import type { Graph, Node, Tensor } from '../graph/graph.ts';
import { type Layer, rowOf } from '../ops/index.ts';

/** The parts of a layer by tensors of its graph. */
export interface LayerTensors extends Omit<Layer, 'weights' | 'bias'> {
  readonly x: number;
  readonly weights: number;
  /** -1 where it has none. */
  readonly bias: number;
}

/** A node's weights and bias, or null where its operator has none. */
export function layerOf({ op, inputs }: Node): LayerTensors | null {
  const { layer } = rowOf(op);
  return layer && { ...layer, x: inputs[0], weights: inputs[layer.weights], bias: inputs[layer.bias] ?? -1 };
}

/** Whether a normalization after it can be folded into its weights and bias. */
export const takesNorm = ({ op }: Node): boolean => rowOf(op).fuses?.norm ?? false;

/** A layer with other weights or another bias (-1: none). */
export function withParameters(node: Node, { weights, bias }: { readonly weights?: number; readonly bias?: number }): Node {
  const { layer } = rowOf(node.op);
  const inputs = [...node.inputs];
  if (weights !== undefined) inputs[layer!.weights] = weights;
  if (bias !== undefined) inputs[layer!.bias] = bias;
  return { ...node, inputs };
}

/** Puts another constant in the place of one that `graph` has: at the same index where one node alone reads it, else behind all others. */
export function replacing(graph: Graph, tensors: Tensor[]): (t: number, by: Tensor) => number {
  const uses = new Int32Array(graph.tensors.length);
  for (const node of graph.nodes) for (const t of node.inputs) if (t >= 0) uses[t]++;
  return (t, by) => {
    if (!(t >= 0 && uses[t] === 1)) return tensors.push(by) - 1;
    tensors[t] = by;
    return t;
  };
}

/** Constant weights of all layers, each tensor once. */
export const layerWeights = ({ nodes, tensors }: Graph): Tensor[] =>
  [...new Set(nodes.flatMap((n) => layerOf(n)?.weights ?? []))].map((t) => tensors[t]).filter((t) => t?.data);
