import { type Graph, type Node, sizeOf, type Tensor } from '../graph/graph.ts';
import type { Patch } from '../ops/index.ts';
import { channelsOf } from '../run/channels.ts';
import { layerOf } from '../run/layers.ts';

/** A layer whose outputs are weighted sums of what it reads: weights [out, ...filter, channels], bias [out]. */
export interface Consumer {
  readonly node: Node;
  /** The tensor read, and its channels: column k of the weights reads channel k modulo their number. */
  readonly x: number;
  readonly channels: number;
  readonly patch: Patch | 'row';
  /** Weights of one output. */
  readonly columns: number;
  /** Whether a constant 1 is read beside them. */
  readonly bias: boolean;
}

/** More columns than that are not worth their matrix. */
const MOST_COLUMNS = 1200;

/** Layers of a float graph whose weights least squares can fit again: their own, and not too many. */
export function consumersOf(graph: Graph): Consumer[] {
  const uses = new Map<number, number>();
  for (const t of graph.nodes.flatMap((n) => n.inputs)) uses.set(t, (uses.get(t) ?? 0) + 1);
  return graph.nodes.flatMap((node) => consumerOf(graph, node, uses) ?? []);
}

function consumerOf(graph: Graph, node: Node, uses: ReadonlyMap<number, number>): Consumer | null {
  const channels = channelsOf(graph, node);
  const layer = layerOf(node);
  if (!layer || channels.kind !== 'mix' || !channels.reads) return null;
  const { x, weights: w, bias: b } = layer;
  const { shape, data } = graph.tensors[w];
  const bias = b >= 0 && graph.tensors[b].data instanceof Float32Array && uses.get(b) === 1;
  const columns = sizeOf(shape.slice(1));
  if (!(data instanceof Float32Array) || graph.tensors[x].data || uses.get(w)! > 1 || columns > MOST_COLUMNS) return null;
  return { node, x, channels: graph.tensors[x].shape.at(-1)!, patch: channels.reads, columns, bias };
}

/** Values in a row of what a consumer reads: its columns, and the constant 1. */
export const widthOf = ({ columns, bias }: Consumer): number => columns + (bias ? 1 : 0);

/** Weights of a layer, its bias as the last column: [out, n]. */
export function rowsOf(graph: Graph, consumer: Consumer): { rows: Float64Array; out: number } {
  const { node, columns, bias } = consumer;
  const { weights: w, bias: b } = layerOf(node)!;
  const weights = graph.tensors[w].data as Float32Array;
  const biases = bias ? (graph.tensors[b].data as Float32Array) : null;
  const out = weights.length / columns;
  const n = widthOf(consumer);
  const rows = new Float64Array(out * n);
  for (let o = 0; o < out; o++) {
    rows.set(weights.subarray(o * columns, (o + 1) * columns), o * n);
    if (biases) rows[o * n + columns] = biases[o];
  }
  return { rows, out };
}

/** The tensors of a layer with other weights and biases, as `rowsOf` gives them. */
export function tensorsOf(graph: Graph, consumer: Consumer, rows: Float64Array): [number, Tensor][] {
  const { node, columns, bias } = consumer;
  const { weights: w, bias: b } = layerOf(node)!;
  const n = widthOf(consumer);
  const weights = new Float32Array((rows.length / n) * columns);
  for (let o = 0; o * n < rows.length; o++) weights.set(rows.subarray(o * n, o * n + columns), o * columns);
  const changed: [number, Tensor][] = [[w, { ...graph.tensors[w], data: weights }]];
  if (bias)
    changed.push([
      b,
      { ...graph.tensors[b], data: Float32Array.from({ length: rows.length / n }, (_, o) => rows[o * n + columns]) },
    ]);
  return changed;
}
