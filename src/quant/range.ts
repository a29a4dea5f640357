import type { Quantization } from '../graph/graph.ts';

/** Values of one tensor over the calibration examples: `counts` of equal parts from `low` to `high`. */
export interface Histogram {
  readonly low: number;
  readonly high: number;
  readonly counts: ArrayLike<number>;
}

export type Range = readonly [low: number, high: number];

/**
 * Scale and zero point of a range: it is widened to hold 0, and 0 is exactly an integer. 8 bits asymmetric; 16 bits symmetric
 * (TFLite's quantization specification).
 */
export function recordOf([low, high]: Range, bits: 8 | 16): Quantization {
  const least = Math.min(low, 0);
  const most = Math.max(high, 0);
  if (bits === 16) {
    const largest = Math.max(-least, most);
    return { bits, scales: [scaleFor(largest / 32767)], zeros: [0], axis: null };
  }
  const scale = scaleFor((most - least) / 255);
  const zero = Math.max(-128, Math.min(127, Math.round(-128 - least / scale)));
  return { bits, scales: [scale], zeros: [zero], axis: null };
}

const SMALLEST_NORMAL = 2 ** -126;

/** A step so small that float32 holds it only roughly is as good as none. */
const scaleFor = (step: number): number => (step < SMALLEST_NORMAL ? 1 : Math.fround(step));

/** The parts of a histogram that hold values, each by its middle. */
interface Parts {
  readonly middles: Float64Array;
  readonly counts: Float64Array;
}

function partsOf({ low, high, counts }: Histogram): Parts {
  const width = (high - low) / counts.length;
  const held: number[] = [];
  for (let i = 0; i < counts.length; i++) if (counts[i]) held.push(i);
  return {
    middles: Float64Array.from(held, (i) => low + (i + 0.5) * width),
    counts: Float64Array.from(held, (i) => counts[i]),
  };
}

/**
 * Sum of squared errors that rounding to a record and clamping cause, each part of the histogram standing for its middle; Infinity as
 * soon as it reaches `limit`.
 */
function errorOf({ middles, counts }: Parts, { bits, scales, zeros }: Quantization, limit = Infinity): number {
  const scale = scales[0];
  const zero = zeros[0];
  const least = -(2 ** (bits - 1)) - zero;
  const most = 2 ** (bits - 1) - 1 - zero;
  // Within a part values are spread evenly; rounding of fine parts is not visible from their middle.
  const rounding = (scale * scale) / 12;
  let error = 0;
  for (let i = 0; i < middles.length; i++) {
    const steps = Math.round(middles[i] / scale);
    const held = Math.max(least, Math.min(most, steps));
    const exact = scale * held - middles[i];
    const square = exact * exact;
    error += counts[i] * (square > rounding || held === least || held === most ? square : rounding);
    if (error >= limit) return Infinity;
  }
  return error;
}

/** Everything. */
export const minMaxRange = ({ low, high }: Histogram): Range => [low, high];

const STEPS = 64;

/** The range, shrunk from either end, that errs least. */
export function mseRange(histogram: Histogram, bits: 8 | 16): Range {
  const { low, high } = histogram;
  const parts = partsOf(histogram);
  let best: Range = [low, high];
  let least = errorOf(parts, recordOf(best, bits));
  for (const side of ['both', 'high', 'low'] as const) {
    for (let i = 1; i < STEPS; i++) {
      const part = 1 - i / STEPS;
      const range: Range = [side === 'high' ? best[0] : low * part, side === 'low' ? best[1] : high * part];
      const error = errorOf(parts, recordOf(range, bits), least);
      if (error >= least) continue;
      least = error;
      best = range;
    }
  }
  return best;
}

/** The range that leaves out 1 value in 10,000 at each end. */
export function percentileRange({ low, high, counts }: Histogram): Range {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i];
  const cut = total * 1e-4;
  const width = (high - low) / counts.length;
  let first = 0;
  let last = counts.length - 1;
  for (let sum = counts[0]; sum <= cut && first < last; sum += counts[++first]);
  for (let sum = counts[last]; sum <= cut && last > first; sum += counts[--last]);
  return [low + first * width, low + (last + 1) * width];
}
