import { type Graph, producers, sizeOf } from '../graph/graph.ts';
import { endOf } from '../run/logits.ts';

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
  /** Behind an ARG_MAX: each place holds the number of one of `channels` classes, and there are no scores. */
  readonly isIndex: boolean;
  /** The first input of the same size, by its place, or -1. */
  readonly input: number;
}

export function outputsOf(graph: Graph): OutputFacts[] {
  const by = producers(graph);
  const inputs = graph.inputs.map((t) => sizeOf(graph.tensors[t].shape.slice(1)));
  return graph.outputs.map((t, place) => {
    const { name, shape } = graph.tensors[t];
    const one = shape.slice(1);
    const size = sizeOf(one);
    const end = endOf(graph, t, by);
    const isIndex = end?.op === 'argMax';
    const channels = isIndex ? graph.tensors[end.inputs[0]].shape[end.attrs.axis as number] : (one.at(-1) ?? 1);
    const places = isIndex ? size : size / channels;
    return { place, name, shape: one, places, channels, ends: end?.op ?? 'none', isIndex, input: inputs.indexOf(size) };
  });
}

/** `"out" [3], after softmax` */
export const describeOutput = ({ name, shape, ends }: OutputFacts): string =>
  `"${name}" [${shape}]${ends in AFTER ? ` after ${AFTER[ends as keyof typeof AFTER]}` : ''}`;

const AFTER = { softmax: 'softmax', logistic: 'a sigmoid', argMax: 'ARG_MAX (class numbers without scores)' };
