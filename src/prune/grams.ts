import type { Dataset } from '../data/index.ts';
import { type Graph, sizeOf } from '../graph/graph.ts';
import { createRandom, type Random } from '../random.ts';
import { drawExamples, type Examples, observe } from '../run/observe.ts';
import { fullyConnectedGradF32 } from '../wasm/fully_connected_f32.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { gatherRowsF32 } from '../wasm/stats.ts';
import { type Consumer, widthOf } from './consumers.ts';

/** Means of the products of all pairs of values that one output reads, row by row: [n, n] with n = columns and the constant 1. */
export interface Gram {
  readonly n: number;
  readonly means: Float64Array;
}

const EXAMPLES = 512;
/** Places looked at in one example. */
const PLACES = 16;

/** The examples that layers are fitted on: the same for any graph of the same data, `most` of them where that is fewer. */
export const fittingExamples = (data: Dataset, seed: number, most = EXAMPLES): Examples =>
  drawExamples(data, Math.max(1, Math.min(EXAMPLES, most)), seed, 'prune/examples');

/** Draws places of examples, batch after batch: the same again for each caller. */
export const placesOf = (seed: number): Random => createRandom(seed, 'prune/places');

/** Runs examples through the graph and gathers what each consumer reads at random places: a matrix for each. */
export function gramsOf(heap: Heap, graph: Graph, consumers: readonly Consumer[], data: Dataset, seed: number): Gram[] {
  return heap.scope(() => {
    const run = observe(heap, graph, fittingExamples(data, seed));
    const all = consumers.map((c) => ({ consumer: c, random: placesOf(seed), sums: newSums(heap, widthOf(c), widthOf(c)) }));
    run(({ operands }) => {
      const steps = all.map(({ consumer, random, sums }) => {
        const { rows, gather } = gatherer(heap, consumer, operands[consumer.x], random);
        const add = adderOf(heap, sums, rows, rows);
        return () => {
          gather();
          add();
        };
      });
      return () => {
        for (const step of steps) step();
      };
    });
    return all.map(({ consumer, sums }) => ({ n: widthOf(consumer), means: meansOf(heap, sums) }));
  });
}

/** What a consumer reads of the batch that lies in `x`, at places drawn anew each time: f32 [rows, n]. */
export function gatherer(heap: Heap, consumer: Consumer, x: HeapTensor, random: Random): { rows: HeapTensor; gather: Step } {
  const { columns, patch } = consumer;
  const n = widthOf(consumer);
  const one = [1, 1] as const;
  const [image, window] =
    patch === 'row'
      ? [
          { ...x, shape: [sizeOf(x.shape) / columns, 1, 1, columns] },
          { filter: one, stride: one, before: [0, 0] as const, dilation: one, output: one },
        ]
      : [x, patch];
  const [examples] = image.shape;
  const all = window.output[0] * window.output[1];
  const each = Math.min(all, PLACES);
  const rows = heap.tensor('f32', [examples * each, n]);
  const places = heap.tensor('i32', [examples * each]);
  const step = gatherRowsF32(heap, rows, image, places, window);
  const drawn = new Int32Array(examples * each);
  return {
    rows,
    gather() {
      for (let i = 0; i < drawn.length; i++) drawn[i] = all > PLACES ? random.below(all) : i % each;
      heap.write(places, drawn);
      step();
    },
  };
}

/** Sums of the products of all columns of `a` with all columns of `b`, both with as many rows: [a, b]. */
export interface Sums {
  readonly products: HeapTensor;
  rows: number;
}

export const newSums = (heap: Heap, a: number, b: number): Sums => ({ products: heap.tensor('f32', [a, b]), rows: 0 });

/** Adds the products of the rows that lie in `a` and `b`. */
export function adderOf(heap: Heap, sums: Sums, a: HeapTensor, b: HeapTensor): Step {
  const { products } = sums;
  const multiply = fullyConnectedGradF32(heap, a, { x: b, w: products, y: a }, { dx: null, dw: products, dbias: null });
  return () => {
    multiply();
    sums.rows += a.shape[0];
  };
}

export const meansOf = (heap: Heap, { products, rows }: Sums): Float64Array =>
  Float64Array.from(heap.read(products) as Float32Array, (v) => v / rows);
