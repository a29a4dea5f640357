import { batchInto, createBatch, planBatch } from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import { realInputs } from '../judge.ts';
import { channelCount } from '../run/channels.ts';
import { type Examples, visitBatches } from '../run/observe.ts';
import type { Heap } from '../wasm/heap.ts';

/** Values of one channel over examples and places. */
export interface Moments {
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  readonly variance: number;
}

const BATCH = 16;

/** Of the channels of each input, as real numbers. */
export function inputMoments(graph: Graph, { data, part, order }: Examples): Moments[][] {
  const inputs = realInputs(graph);
  const plan = planBatch(data, inputs);
  const gathered = inputs.map(({ shape }) => newMoments(channelCount(shape)));
  for (let at = 0; at < order.length; at += BATCH) {
    const indices = order.subarray(at, at + BATCH);
    const values = createBatch(plan, indices.length) as Float32Array[];
    batchInto(plan, part, indices, values);
    gathered.forEach((moments, i) => {
      moments.add(values[i]);
    });
  }
  return gathered.map((moments) => moments.all());
}

/** Of the channels of computed tensors of a float graph, by tensor. */
export function tensorMoments(heap: Heap, graph: Graph, tensors: readonly number[], examples: Examples): Map<number, Moments[]> {
  const gathered = new Map([...new Set(tensors)].map((t) => [t, newMoments(channelCount(graph.tensors[t].shape))]));
  visitBatches(heap, graph, examples, ({ operands }) => {
    for (const [t, moments] of gathered) moments.add(heap.read(operands[t]) as Float32Array);
  });
  return new Map([...gathered].map(([t, moments]) => [t, moments.all()]));
}

/** Of the channels of values, the last axis. */
export function channelMoments(values: ArrayLike<number>, channels: number): Moments[] {
  const moments = newMoments(channels);
  moments.add(values);
  return moments.all();
}

/** In one pass (Welford, 1962). */
function newMoments(channels: number) {
  const low = new Float64Array(channels).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(channels).fill(Number.NEGATIVE_INFINITY);
  const mean = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let count = 0;
  return {
    add(values: ArrayLike<number>): void {
      for (let i = 0; i < values.length; i += channels) {
        count++;
        for (let c = 0; c < channels; c++) {
          const v = values[i + c];
          if (v < low[c]) low[c] = v;
          if (v > high[c]) high[c] = v;
          const d = v - mean[c];
          mean[c] += d / count;
          squares[c] += d * (v - mean[c]);
        }
      }
    },
    all: (): Moments[] =>
      Array.from(low, (l, c) => ({ low: l, high: high[c], mean: mean[c], variance: squares[c] / Math.max(1, count) })),
  };
}
