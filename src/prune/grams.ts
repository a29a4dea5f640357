import type { Dataset } from '../data/index.ts';
import { type Graph, type Node, sizeOf } from '../graph/graph.ts';
import type { Patch } from '../ops/index.ts';
import { createRandom, type Random } from '../random.ts';
import { channelsOf } from '../run/channels.ts';
import { drawExamples, type Examples, observe } from '../run/observe.ts';
import { fullyConnectedGradF32 } from '../wasm/fully_connected_f32.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';

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

/** Means of the products of all pairs of values that one output reads, row by row: [n, n] with n = columns and the constant 1. */
export interface Gram {
  readonly n: number;
  readonly means: Float64Array;
}

const EXAMPLES = 512;
/** Places looked at in one example. */
const PLACES = 16;
/** More columns than that are not worth their matrix. */
const MOST_COLUMNS = 1200;

/** Layers of a float graph whose weights least squares can fit again: their own, and not too many. */
export function consumersOf(graph: Graph): Consumer[] {
  const uses = new Map<number, number>();
  for (const t of graph.nodes.flatMap((n) => n.inputs)) uses.set(t, (uses.get(t) ?? 0) + 1);
  return graph.nodes.flatMap((node): Consumer[] => {
    const channels = channelsOf(graph, node);
    if (channels.kind !== 'mix' || !channels.reads) return [];
    const [x, w, b = -1] = node.inputs;
    const { shape, data } = graph.tensors[w];
    const bias = b >= 0 && graph.tensors[b].data instanceof Float32Array && uses.get(b) === 1;
    const columns = sizeOf(shape.slice(1));
    if (!(data instanceof Float32Array) || graph.tensors[x].data || uses.get(w)! > 1 || columns > MOST_COLUMNS) return [];
    return [{ node, x, channels: graph.tensors[x].shape.at(-1)!, patch: channels.reads, columns, bias }];
  });
}

/** The examples that layers are fitted on: the same for any graph of the same data. */
export const fittingExamples = (data: Dataset, seed: number): Examples => drawExamples(data, EXAMPLES, seed, 'prune/examples');

/** The places of examples that are looked at: the same again for each caller. */
export const placesOf = (seed: number): Random => createRandom(seed, 'prune/places');

/** Runs examples through the graph and gathers what each consumer reads at random places. */
export function gramsOf(heap: Heap, graph: Graph, consumers: readonly Consumer[], data: Dataset, seed: number): Map<Node, Gram> {
  return heap.scope(() => {
    const run = observe(heap, graph, fittingExamples(data, seed));
    const all = consumers.map((consumer) => ({ consumer, random: placesOf(seed), sums: newSums(heap, consumer, consumer) }));
    run(({ operands }) => {
      const steps = all.map(({ consumer, random, sums }) => {
        const x = operands[consumer.x];
        const rows = gatherer(heap, consumer, x.shape, random);
        const add = adderOf(heap, sums, rows, rows);
        return () => {
          rows.gather(heap.read(x) as Float32Array);
          add();
        };
      });
      return () => {
        for (const step of steps) step();
      };
    });
    return new Map(all.map(({ consumer, sums }) => [consumer.node, { n: widthOf(consumer), means: meansOf(heap, sums) }]));
  });
}

/** Values in a row of what a consumer reads: its columns, and the constant 1. */
export const widthOf = ({ columns, bias }: Consumer): number => columns + (bias ? 1 : 0);

/** Rows of what a consumer reads in one batch, on the heap. */
export interface Rows {
  readonly x: HeapTensor;
  gather(read: Float32Array): void;
}

export function gatherer(heap: Heap, consumer: Consumer, shape: readonly number[], random: Random): Rows {
  const { columns, channels, patch } = consumer;
  const n = widthOf(consumer);
  const examples = patch === 'row' ? sizeOf(shape) / channels : shape[0];
  const places = patch === 'row' ? 1 : patch.output[0] * patch.output[1];
  const perExample = Math.min(places, PLACES);
  const rows = examples * perExample;
  const values = new Float32Array(rows * n).fill(1);
  const x = heap.tensor('f32', [rows, n]);
  return {
    x,
    gather(read) {
      const size = read.length / examples;
      for (let row = 0; row < rows; row++) {
        const example = read.subarray(Math.floor(row / perExample) * size);
        const into = values.subarray(row * n, row * n + columns);
        if (patch === 'row') into.set(example.subarray(0, columns));
        else copyPatch(into, example, shape, patch, places > PLACES ? random.below(places) : row % perExample);
      }
      heap.write(x, values);
    },
  };
}

/** Sums of the products of all columns of one consumer's rows with all of another's: [a, b]. */
export interface Sums {
  readonly products: HeapTensor;
  rows: number;
}

export const newSums = (heap: Heap, a: Consumer, b: Consumer): Sums => ({
  products: heap.tensor('f32', [widthOf(a), widthOf(b)]),
  rows: 0,
});

/** Adds the products of the rows that lie in `a` and `b`. */
export function adderOf(heap: Heap, sums: Sums, a: Rows, b: Rows): Step {
  const { products } = sums;
  const of = { x: b.x, w: products, y: a.x };
  const multiply = fullyConnectedGradF32(heap, a.x, of, { dx: null, dw: products, dbias: null });
  return () => {
    multiply();
    sums.rows += a.x.shape[0];
  };
}

export const meansOf = (heap: Heap, { products, rows }: Sums): Float64Array =>
  Float64Array.from(heap.read(products) as Float32Array, (v) => v / rows);

/** What the output's place number `place` reads of one example [h, w, c]; zeros beyond its border. */
function copyPatch(into: Float32Array, example: Float32Array, [, h, w, c]: readonly number[], p: Patch, place: number): void {
  const top = Math.floor(place / p.output[1]) * p.stride[0] - p.before[0];
  const left = (place % p.output[1]) * p.stride[1] - p.before[1];
  let at = 0;
  for (let ky = 0; ky < p.filter[0]; ky++) {
    for (let kx = 0; kx < p.filter[1]; kx++, at += c) {
      const row = top + ky * p.dilation[0];
      const column = left + kx * p.dilation[1];
      const from = (row * w + column) * c;
      if (row < 0 || row >= h || column < 0 || column >= w) into.fill(0, at, at + c);
      else for (let k = 0; k < c; k++) into[at + k] = example[from + k];
    }
  }
}
