import { log } from '../elementary.ts';
import type { Quantization } from '../graph/graph.ts';

/** Values of one tensor over the calibration examples: `counts` of equal parts from `low` to `high`. */
export interface Histogram {
  readonly low: number;
  readonly high: number;
  readonly counts: ArrayLike<number>;
  /** Lowest and highest value of each batch of examples, in their order. */
  readonly batches?: readonly Range[];
}

export type Range = readonly [low: number, high: number];

/**
 * Scale and zero point of a range: it is widened to hold 0, and 0 is exactly an integer. 8 bits asymmetric unless asked for; 16 bits symmetric
 * (TFLite's quantization specification).
 */
export function recordOf([low, high]: Range, bits: 8 | 16, symmetric = bits === 16): Quantization {
  const least = Math.min(low, 0);
  const most = Math.max(high, 0);
  if (symmetric) {
    const largest = Math.max(-least, most);
    return { bits, scales: [scaleFor(largest / (2 ** (bits - 1) - 1))], zeros: [0], axis: null };
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

/** Sum of squared errors that rounding to a record and clamping cause to the values of a histogram, and the sum of their squares. */
export function errorBy(histogram: Histogram, record: Quantization): { error: number; signal: number } {
  const parts = partsOf(histogram);
  const signal = parts.middles.reduce((sum, v, i) => sum + parts.counts[i] * v * v, 0);
  return { error: errorOf(parts, record), signal };
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

/** Share of the range so far that each batch keeps (PyTorch's MovingAverageMinMaxObserver, for fewer batches). */
const KEPT = 0.9;

/** The moving average of the lowest and of the highest value of each batch: what a single batch has counts little. */
export function movingAverageRange({ low, high, batches = [] }: Histogram): Range {
  if (!batches.length) return [low, high];
  return batches.reduce(([l, h], [bl, bh]): Range => [KEPT * l + (1 - KEPT) * bl, KEPT * h + (1 - KEPT) * bh]);
}

/** Ranges tried by `klRange`, from whole to this part of it. */
const [TRIED, LEAST] = [48, 0.1];

/**
 * The range whose 256 steps change the distribution of the values least: least Kullback-Leibler divergence of what is left of it from what it
 * is, clipped values counted at the ends (Migacz, "8-bit Inference with TensorRT", 2017). 16 bits hold all.
 */
export function klRange(histogram: Histogram, bits: 8 | 16): Range {
  const { low, high } = histogram;
  if (bits === 16 || high <= low) return [low, high];
  let best: Range = [low, high];
  let least = Number.POSITIVE_INFINITY;
  for (const side of ['both', 'high', 'low'] as const) {
    const [from, to] = best;
    for (let i = 0; i < TRIED; i++) {
      const part = 1 - ((1 - LEAST) * i) / TRIED;
      const range: Range = [side === 'high' ? from : from * part, side === 'low' ? to : to * part];
      const divergence = divergenceOf(histogram, range);
      if (!(divergence < least)) continue;
      least = divergence;
      best = range;
    }
  }
  return best;
}

const LEVELS = 256;

function divergenceOf({ low, high, counts }: Histogram, [from, to]: Range): number {
  const width = (high - low) / counts.length;
  const first = Math.max(0, Math.min(counts.length - 1, Math.floor((from - low) / width)));
  const last = Math.max(first, Math.min(counts.length - 1, Math.ceil((to - low) / width) - 1));
  const size = last - first + 1;
  const clipped = new Float64Array(size);
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    clipped[Math.max(first, Math.min(last, i)) - first] += counts[i];
    total += counts[i];
  }
  // Steps hold what lies within the range alone; each gives its share to the parts that hold anything.
  let divergence = 0;
  for (let level = 0; level < LEVELS; level++) {
    const [a, b] = [Math.floor((level * size) / LEVELS), Math.floor(((level + 1) * size) / LEVELS)];
    let [sum, held] = [0, 0];
    for (let i = a; i < b; i++) {
      sum += counts[first + i];
      if (counts[first + i]) held++;
    }
    for (let i = a; i < b; i++) {
      if (!clipped[i]) continue;
      const share = counts[first + i] && held ? sum / held : 1e-3;
      divergence += (clipped[i] / total) * log(clipped[i] / share);
    }
  }
  return divergence;
}
