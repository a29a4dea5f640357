import { type Quantization, sizeOf, type Tensor } from '../graph/graph.ts';
import type { Range } from './range.ts';

/** Bias integers beyond this would leave too little room for the sum of products in 32 bits. */
const LARGEST_BIAS = 2 ** 30;

/**
 * Symmetric record of a weight tensor, one scale for each index of `axis` (null: one for all). 8 bits use the largest magnitude;
 * 4 bits the scale that errs least. A channel whose bias would not fit 32 bits at `inputScale` gets a larger scale.
 */
export function weightRecord(w: Tensor, bits: 4 | 8, axis: number | null, bias: Tensor | null, inputScale: number): Quantization {
  const data = w.data as Float32Array;
  const channels = axis === null ? 1 : w.shape[axis];
  const inner = axis === null ? data.length : sizeOf(w.shape.slice(axis + 1));
  const top = 2 ** (bits - 1) - 1;
  const largest = new Float64Array(channels);
  for (let i = 0; i < data.length; i++) {
    const c = Math.floor(i / inner) % channels;
    largest[c] = Math.max(largest[c], Math.abs(data[i]));
  }
  const overall = largest.reduce((a, b) => Math.max(a, b), 0) || 1;
  const scales = Array.from(largest, (l, c) => {
    let scale = (l || overall) / top;
    if (bits === 4 && l > 0) scale *= bestShrink(data, inner, channels, c, scale, top);
    const b = bias?.data ? largestBias(bias.data as Float32Array, axis === null ? null : c) : 0;
    return Math.fround(Math.max(scale, b / (LARGEST_BIAS * inputScale)));
  });
  return { bits, scales, zeros: scales.map(() => 0), axis: channels > 1 || axis !== null ? axis : null };
}

function largestBias(bias: Float32Array, channel: number | null): number {
  if (channel !== null) return Math.abs(bias[channel % bias.length]);
  return bias.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
}

/** Factor 0.5..1 on the scale that rounds the channel with the least squared error. */
function bestShrink(data: Float32Array, inner: number, channels: number, channel: number, scale: number, top: number): number {
  let best = 1;
  let least = Number.POSITIVE_INFINITY;
  for (let f = 1; f >= 0.5; f -= 1 / 32) {
    const s = scale * f;
    let error = 0;
    for (let start = channel * inner; start < data.length; start += channels * inner) {
      for (let i = start; i < start + inner; i++) {
        const q = Math.max(-top, Math.min(top, Math.round(data[i] / s)));
        error += (data[i] - s * q) ** 2;
      }
    }
    if (error >= least) continue;
    least = error;
    best = f;
  }
  return best;
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
