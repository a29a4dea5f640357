import { batchInto, type Dataset, planBatch } from '../data/index.ts';
import { type Graph, type Node, sizeOf } from '../graph/graph.ts';
import type { Patch } from '../ops/index.ts';
import { createRandom, permutation, type Random } from '../random.ts';
import { channelsOf } from '../run/channels.ts';
import { compile, isBatchable } from '../run/compile.ts';
import { fullyConnectedGradF32 } from '../wasm/fully_connected_f32.ts';
import type { Heap } from '../wasm/heap.ts';

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
  const part = data.train ?? data.validation!;
  const order = permutation(part.count, createRandom(seed, 'prune/examples')).subarray(0, EXAMPLES);
  const random = createRandom(seed, 'prune/places');
  return heap.scope(() => {
    const batch = isBatchable(graph) ? Math.min(BATCH, order.length) : 1;
    const program = compile(heap, graph, { batch, keepAll: true });
    const plan = planBatch(data, graph.tensors[graph.inputs[0]]);
    const input = plan.create(batch);
    const sums = readers.map((reader) => gatherer(heap, reader, program.operands[reader.x].shape, random));
    for (let at = 0; at + batch <= order.length; at += batch) {
      batchInto(plan, part, order.subarray(at, at + batch), input);
      heap.write(program.inputs[0], input);
      program.run();
      for (const s of sums) s.add(heap.read(program.operands[s.reader.x]) as Float32Array);
    }
    return new Map(sums.map((s) => [s.reader.node, s.moments()]));
  });
}

function gatherer(heap: Heap, reader: Reader, shape: readonly number[], random: Random) {
  const { columns, bias, channels, patch } = reader;
  const n = columns + (bias ? 1 : 0);
  const examples = patch === 'row' ? sizeOf(shape) / channels : shape[0];
  const places = patch === 'row' ? 1 : patch.output[0] * patch.output[1];
  const perExample = Math.min(places, PLACES);
  const rows = examples * perExample;
  const values = new Float32Array(rows * n).fill(1);
  const x = heap.tensor('f32', [rows, n]);
  const products = heap.tensor('f32', [n, n]);
  heap.clear(products);
  const multiply = fullyConnectedGradF32(heap, x, { x, w: products, y: x }, { dx: null, dw: products, dbias: null });
  let count = 0;
  return {
    reader,
    add(read: Float32Array) {
      const size = read.length / examples;
      for (let row = 0; row < rows; row++) {
        const example = read.subarray(Math.floor(row / perExample) * size);
        const into = values.subarray(row * n, row * n + columns);
        if (patch === 'row') into.set(example.subarray(0, columns));
        else copyPatch(into, example, shape, patch, places > PLACES ? random.below(places) : row % perExample);
      }
      heap.write(x, values);
      multiply();
      count += rows;
    },
    moments: (): Moments => ({ n, products: Float64Array.from(heap.read(products) as Float32Array, (v) => v / count) }),
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
