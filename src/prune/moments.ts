import { batchInto, type Dataset, planBatch } from '../data/index.ts';
import { type Graph, type Node, sizeOf } from '../graph/graph.ts';
import type { Patch } from '../ops/index.ts';
import { createRandom, permutation } from '../random.ts';
import { channelsOf } from '../run/channels.ts';
import { compile, isBatchable } from '../run/compile.ts';
import { fullyConnectedGradF32 } from '../wasm/fully_connected_f32.ts';
import type { Heap, HeapTensor } from '../wasm/heap.ts';

/** A layer whose outputs are weighted sums of what it reads: weights [out, ...filter, channels], bias [out]. */
export interface Reader {
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
export interface Moments {
  readonly n: number;
  readonly products: Float64Array;
}

const EXAMPLES = 512;
const BATCH = 16;
/** Places looked at in one example. */
const PLACES = 16;
/** More columns than that are not worth their matrix. */
const MOST_COLUMNS = 1200;

/** Layers of a float graph whose weights least squares can fit again: their own, and not too many. */
export function readersOf(graph: Graph): Reader[] {
  const uses = new Map<number, number>();
  for (const t of graph.nodes.flatMap((n) => n.inputs)) uses.set(t, (uses.get(t) ?? 0) + 1);
  return graph.nodes.flatMap((node): Reader[] => {
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

/** Runs examples of the train part (else validation) through the graph and gathers what each reader reads at random places. */
export function momentsOf(heap: Heap, graph: Graph, readers: readonly Reader[], data: Dataset, seed: number): Map<Node, Moments> {
  return heap.scope(() => {
    const run = runnerOf(heap, graph, data, seed);
    const sums = readers.map((reader) => {
      const rows = gatherer(heap, reader, run.shapeOf(reader.x), seed);
      return { reader, rows, products: productsOf(heap, rows, rows) };
    });
    run.forEachBatch((valuesOf) => {
      for (const { reader, rows, products } of sums) {
        rows.gather(valuesOf(reader.x));
        products.add();
      }
    });
    return new Map(sums.map(({ reader, rows, products }) => [reader.node, { n: rows.n, products: products.means() }]));
  });
}

/** Runs batches of the same examples, in the same order, through any graph. */
export function runnerOf(heap: Heap, graph: Graph, data: Dataset, seed: number) {
  const part = data.train ?? data.validation!;
  const order = permutation(part.count, createRandom(seed, 'prune/examples')).subarray(0, EXAMPLES);
  const batch = isBatchable(graph) ? Math.min(BATCH, order.length) : 1;
  const program = compile(heap, graph, { batch, keepAll: true });
  const plan = planBatch(data, graph.tensors[graph.inputs[0]]);
  const input = plan.create(batch);
  return {
    shapeOf: (tensor: number) => program.operands[tensor].shape,
    forEachBatch(visit: (valuesOf: (tensor: number) => Float32Array) => void): void {
      for (let at = 0; at + batch <= order.length; at += batch) {
        batchInto(plan, part, order.subarray(at, at + batch), input);
        heap.write(program.inputs[0], input);
        program.run();
        visit((tensor) => heap.read(program.operands[tensor]) as Float32Array);
      }
    },
  };
}

/** Rows of what a reader reads, and the constant 1, on the heap: of every example the same places whenever the seed is the same. */
export interface Rows {
  readonly n: number;
  readonly x: HeapTensor;
  gather(read: Float32Array): void;
}

export function gatherer(heap: Heap, reader: Reader, shape: readonly number[], seed: number): Rows {
  const { columns, bias, channels, patch } = reader;
  const random = createRandom(seed, 'prune/places');
  const n = columns + (bias ? 1 : 0);
  const examples = patch === 'row' ? sizeOf(shape) / channels : shape[0];
  const places = patch === 'row' ? 1 : patch.output[0] * patch.output[1];
  const perExample = Math.min(places, PLACES);
  const rows = examples * perExample;
  const values = new Float32Array(rows * n).fill(1);
  const x = heap.tensor('f32', [rows, n]);
  return {
    n,
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

/** Means of the products of all columns of `a` with all of `b`: [a.n, b.n]. */
export function productsOf(heap: Heap, a: Rows, b: Rows) {
  const products = heap.tensor('f32', [a.n, b.n]);
  heap.clear(products);
  const multiply = fullyConnectedGradF32(heap, a.x, { x: b.x, w: products, y: a.x }, { dx: null, dw: products, dbias: null });
  let count = 0;
  return {
    add() {
      multiply();
      count += a.x.shape[0];
    },
    means: () => Float64Array.from(heap.read(products) as Float32Array, (v) => v / count),
  };
}

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
