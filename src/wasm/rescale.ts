import { CompressError } from '../errors.ts';
import type { Heap, HeapTensor } from './heap.ts';

/** How the sums of a convolution or dense layer become integers of the output. */
export interface Rescale {
  /** MINUS the zero point of x, in steps of x. */
  readonly xOffset: number;
  /** PLUS the zero point of y, in steps of y. */
  readonly yOffset: number;
  /** Q31, one for each output channel or one for all: y = yOffset + sum * multiplier * 2^(shift - 31). */
  readonly multiplier: ArrayLike<number>;
  /** Powers of two, positive = left; as many as multipliers. */
  readonly shift: ArrayLike<number>;
  /** Clamp after the offset, in steps of y. */
  readonly yMin: number;
  readonly yMax: number;
}

/** How a filter moves over an image. */
export interface WindowInt {
  /** [h, w], in pixels. */
  readonly stride: readonly [number, number];
  /** [top, left] pixels before the image that count as the zero point; what lies behind it follows from the output's size. */
  readonly padding: readonly [number, number];
  readonly dilation?: readonly [number, number];
}

/**
 * Runs `work` with what packing needs in memory for its time only: int8 weights (int4 ones unpacked) and the multipliers and shifts.
 * `each` is 4 where every channel has its own, 0 where one serves all.
 *
 * @throws CompressError `shape-mismatch` when there are neither 1 nor `channels` multipliers and shifts
 */
export function packing<T>(
  heap: Heap,
  w: HeapTensor,
  channels: number,
  p: Rescale,
  work: (w: number, multiplier: number, shift: number, each: number) => T,
): T {
  const n = p.multiplier.length;
  if ((n !== channels && n !== 1) || p.shift.length !== n) {
    throw new CompressError(
      'shape-mismatch',
      `there are ${n} multipliers and ${p.shift.length} shifts for ${channels} output channels`,
      'give one for each output channel, or one for all',
    );
  }
  return heap.scope(() => {
    const weights = w.dtype === 'i4' ? heap.tensor('i8', w.shape, heap.read(w)) : w;
    const multiplier = heap.tensor('i32', [n], p.multiplier);
    const shift = heap.tensor('i32', [n], p.shift);
    return work(weights.ptr, multiplier.ptr, shift.ptr, n === 1 ? 0 : 4);
  });
}
