import type { Graph } from '../graph/graph.ts';
import { fullyConnectedF32 } from '../wasm/fully_connected_f32.ts';
import type { Heap } from '../wasm/heap.ts';
import { eliminateF64, inverseF64 } from '../wasm/linear_f64.ts';
import { type Consumer, rowsOf } from './consumers.ts';
import type { Gram } from './grams.ts';
import type { ChannelGroup, Unit } from './groups.ts';
import { ridged } from './ridge.ts';

/** A layer before channels that it reads are taken away. */
export interface Problem {
  readonly consumer: Consumer;
  readonly n: number;
  readonly out: number;
  /** [n, n + out]: the inverse of its Gram matrix, and beside it the weights of each column. */
  readonly matrix: Float64Array;
  /** Mean square of its outputs about their means. */
  readonly energy: number;
}

/** null where what the layer reads or gives is beyond what squares in float32 can hold. */
export function problemOf(heap: Heap, graph: Graph, consumer: Consumer, gram: Gram): Problem | null {
  const { n } = gram;
  const { rows, out } = rowsOf(graph, consumer);
  const energy = gram.means.every(Number.isFinite) ? energyOf(heap, consumer, gram, rows, out) : Number.POSITIVE_INFINITY;
  if (!Number.isFinite(energy)) return null;
  const inverse = inverseF64(heap, ridged(gram, consumer));
  const matrix = new Float64Array(n * (n + out));
  for (let i = 0; i < n; i++) {
    matrix.set(inverse.subarray(i * n, (i + 1) * n), i * (n + out));
    for (let o = 0; o < out; o++) matrix[i * (n + out) + n + o] = rows[o * n + i];
  }
  return { consumer, n, out, matrix, energy };
}

/** The sum of w C w' over the outputs, C the covariance of what is read. */
function energyOf(heap: Heap, { columns, bias }: Consumer, { n, means }: Gram, rows: Float64Array, out: number): number {
  const mean = (i: number) => (bias ? means[columns * n + i] : 0);
  const weights = Float32Array.from({ length: out * columns }, (_, k) => rows[Math.floor(k / columns) * n + (k % columns)]);
  const covariance = new Float32Array(columns * columns);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++) covariance[i * columns + j] = means[i * n + j] - mean(i) * mean(j);
  }
  return heap.scope(() => {
    const w = heap.tensor('f32', [out, columns], weights);
    const product = heap.tensor('f32', [out, columns]);
    fullyConnectedF32(heap, product, w, heap.tensor('f32', [columns, columns], covariance), null)();
    return (heap.read(product) as Float32Array).reduce((sum, v, k) => sum + v * weights[k], 1e-12);
  });
}

/**
 * Scores of a group's units in the order in which they should be cut: each time the one whose loss changes the outputs of the layers that
 * read it least, after their other weights took over what they can (the optimal brain surgeon's step for whole channels: Hassibi and
 * Stork, 1993; Kurtic et al., "ZipLM", 2023). A unit's score is the mean square of that change so far, as a share of the outputs'.
 */
export function eliminate(heap: Heap, { units }: ChannelGroup, problems: readonly Problem[]): Float64Array {
  return heap.scope(() => {
    const running = problems.map(({ consumer, energy, ...matrix }) => {
      return { energy, ...eliminateF64(heap, { ...matrix, units: units.map((unit) => columnsOf(consumer, unit)) }) };
    });
    const scores = new Float64Array(units.length);
    let left = Int32Array.from(units.keys());
    let total = 0;
    while (left.length > 0) {
      const costs = new Float64Array(left.length);
      for (const layer of running) {
        const own = layer.costs(left);
        for (let i = 0; i < left.length; i++) costs[i] += own[i] / layer.energy;
      }
      const least = costs.reduce((best, cost, i) => (cost < costs[best] ? i : best), 0);
      const unit = left[least];
      total += costs[least];
      scores[unit] = total;
      left = left.filter((u) => u !== unit);
      for (const layer of running) layer.remove(unit, left);
    }
    return scores;
  });
}

/** Whether a layer reads channels of a group. */
export const reads = ({ x }: Consumer, { units }: ChannelGroup): boolean => units[0].some(({ tensor }) => tensor === x);

/** Columns of a layer's weights that read a unit. */
function columnsOf({ x, columns, channels }: Consumer, unit: Unit): number[] {
  const found: number[] = [];
  for (const { tensor, channel } of unit) {
    if (tensor !== x) continue;
    for (let k = channel; k < columns; k += channels) found.push(k);
  }
  return found;
}
