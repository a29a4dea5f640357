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
  /** int16 activations only: sums and rescaling have 64 bits (else 32). By default they have, unless the bias is i32. */
  readonly wide?: boolean;
}

/** Multipliers and shifts in memory; `each` is the bytes from one channel's to the next: 4, or 0 where one serves all. */
export interface Factors {
  readonly multiplier: number;
  readonly shift: number;
  readonly each: number;
}

/** @throws CompressError `shape-mismatch` when there are neither 1 nor `channels` multipliers and shifts */
export function factors(heap: Heap, channels: number, p: Rescale): Factors {
  const n = p.multiplier.length;
  if ((n !== channels && n !== 1) || p.shift.length !== n) {
    throw new CompressError(
      'shape-mismatch',
      `there are ${n} multipliers and ${p.shift.length} shifts for ${channels} output channels`,
      'give one for each output channel, or one for all',
    );
  }
  const place = (values: ArrayLike<number>) => heap.tensor('i32', [n], values).ptr;
  return { multiplier: place(p.multiplier), shift: place(p.shift), each: n === 1 ? 0 : 4 };
}

/** Runs `pack` with int8 weights (int4 ones unpacked); what it allocates is freed. */
export function packing(heap: Heap, w: HeapTensor, pack: (weights: number) => void): void {
  heap.scope(() => pack(w.dtype === 'i4' ? heap.tensor('i8', w.shape, heap.read(w)).ptr : w.ptr));
}

/** Whether an int16 kernel sums in 64 bits; the bias must be of the same width. */
export function isWide(bias: HeapTensor | null, p: Rescale): boolean {
  const wide = p.wide ?? bias?.dtype !== 'i32';
  if (bias && (bias.dtype === 'i64') !== wide) {
    throw new CompressError(
      'shape-mismatch',
      `a bias of ${bias.dtype} beside ${wide ? 64 : 32}-bit sums`,
      'give a bias of the same width',
    );
  }
  return wide;
}
