import type { Quantization, Tensor } from '../graph/graph.ts';
import { leastWeightScale } from '../ops/requant.ts';
import type { Heap } from '../wasm/heap.ts';
import { weightScalesF32 } from '../wasm/stats.ts';
import type { Range } from './range.ts';

/**
 * Symmetric record of a weight tensor, one scale for each index of `axis` (null: one for all), the very scales that training with fake
 * quantization rounds by. A channel whose bias would not fit 32 bits at `inputScale` gets a larger one.
 */
export function weightRecord(
  heap: Heap,
  w: Tensor,
  bits: 4 | 8,
  axis: number | null,
  bias: Tensor | null,
  inputScale: number,
): Quantization {
  const channels = axis === null ? 1 : w.shape[axis];
  const least = leastWeightScale(bias, inputScale, axis !== null);
  const measured = heap.scope(() => {
    const scales = heap.tensor('f32', [channels]);
    weightScalesF32(heap, scales, heap.tensor('f32', w.shape, w.data), axis, bits)();
    return heap.read(scales) as Float32Array;
  });
  const scales = Array.from(measured, (s, c) => Math.max(s, least(c)));
  return { bits, scales, zeros: scales.map(() => 0), axis };
}

/** In the place of `weightRecord` where only the form of a record counts. */
export function anyScale(_: Heap, w: Tensor, bits: 4 | 8, axis: number | null): Quantization {
  const channels = axis === null ? 1 : w.shape[axis];
  return { bits, scales: new Array<number>(channels).fill(1), zeros: new Array<number>(channels).fill(0), axis };
}

/** Range of a constant that is an operand of elementwise arithmetic. */
export function constantRange(t: Tensor): Range {
  let [low, high] = [0, 0];
  for (const v of t.data as Float32Array) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  return [low, high];
}
