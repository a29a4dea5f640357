import { type Graph, producers, sizeOf } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';

/** What a graph says of one of its outputs. */
export interface OutputFacts {
  /** Among the graph's outputs. */
  readonly place: number;
  readonly name: string;
  /** Of one example. */
  readonly shape: readonly number[];
  /** A vector has one place; a map (segmentation, FOMO, a sequence) one for each point, and channels there. */
  readonly places: number;
  readonly channels: number;
  /** The last operator that computes; views and changes of type are looked through. */
  readonly ends: string;
  /** The first input of the same size, by its place, or -1. */
  readonly input: number;
}

export function outputsOf(graph: Graph): OutputFacts[] {
  const by = producers(graph);
  const inputs = graph.inputs.map((t) => sizeOf(graph.tensors[t].shape.slice(1)));
  return graph.outputs.map((t, place) => {
    const { name, shape } = graph.tensors[t];
    const one = shape.slice(1);
    const channels = one.at(-1) ?? 1;
    const size = sizeOf(one);
    return { place, name, shape: one, places: size / channels, channels, ends: endOf(graph, by, t), input: inputs.indexOf(size) };
  });
}

function endOf(graph: Graph, by: Int32Array, t: number): string {
  const node = graph.nodes[by[t]];
  if (!node) return 'none';
  const isPassage = rowOf(node.op).memory === 'view' || node.op === 'quantize' || node.op === 'dequantize';
  return isPassage ? endOf(graph, by, node.inputs[0]) : node.op;
}

/** `"out" [3], after softmax` */
export const describeOutput = ({ name, shape, ends }: OutputFacts): string =>
  `"${name}" [${shape}]${ends === 'softmax' || ends === 'logistic' ? ` after ${ends === 'logistic' ? 'a sigmoid' : 'softmax'}` : ''}`;
