import { batchInto, createBatch, planBatch } from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import { realInputs } from '../judge.ts';
import { channelCount } from '../run/channels.ts';
import { type Examples, visitBatches } from '../run/observe.ts';
import type { Heap } from '../wasm/heap.ts';

/** Values of one channel over examples and places. */
export interface ChannelStatistics {
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  readonly variance: number;
}

const BATCH = 16;

/** Of the channels of each input, as real numbers. */
export function inputStatistics(graph: Graph, { data, part, order }: Examples): ChannelStatistics[][] {
  const inputs = realInputs(graph);
  const plan = planBatch(data, inputs);
  const gathered = inputs.map(({ shape }) => newStatistics(channelCount(shape)));
  for (let at = 0; at < order.length; at += BATCH) {
    const indices = order.subarray(at, at + BATCH);
    const values = createBatch(plan, indices.length) as Float32Array[];
    batchInto(plan, part, indices, values);
    gathered.forEach((statistics, i) => {
      statistics.add(values[i]);
    });
  }
  return gathered.map((statistics) => statistics.all());
}

/** Of the channels of computed tensors of a float graph, by tensor. */
export function tensorStatistics(
  heap: Heap,
  graph: Graph,
  tensors: readonly number[],
  examples: Examples,
): Map<number, ChannelStatistics[]> {
  const gathered = new Map([...new Set(tensors)].map((t) => [t, newStatistics(channelCount(graph.tensors[t].shape))]));
  visitBatches(heap, graph, examples, ({ operands }) => {
    for (const [t, statistics] of gathered) statistics.add(heap.read(operands[t]) as Float32Array);
  });
  return new Map([...gathered].map(([t, statistics]) => [t, statistics.all()]));
}

/** Of the channels of values, the last axis. */
export function channelStatistics(values: ArrayLike<number>, channels: number): ChannelStatistics[] {
  const statistics = newStatistics(channels);
  statistics.add(values);
  return statistics.all();
}

/** In one pass (Welford, 1962). */
function newStatistics(channels: number) {
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
    all: (): ChannelStatistics[] =>
      Array.from(low, (l, c) => ({ low: l, high: high[c], mean: mean[c], variance: squares[c] / Math.max(1, count) })),
  };
}
