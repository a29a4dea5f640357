import { allOf, sameSize } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { expTable, oneOverOnePlusTable, place } from './luts.ts';

export interface SoftmaxParams {
  /** Q31 and left shift: (x - max) << shift times it is the exponent in Q5.26. */
  readonly multiplier: number;
  readonly shift: number;
  /** Differences below it count as nothing. */
  readonly diffMin: number;
}

/**
 * Softmax over the last axis in gemmlowp fixed point, equal bit for bit to CMSIS-NN `arm_softmax_s8`, `_u8`, `_s8_s16`.
 *
 * @param y i8 (zero -128, scale 1/256), u8 (zero 0, scale 1/256) or i16 (zero -32768, scale 1/65536)
 * @param x i8, or u8 where y is u8
 */
export function softmaxInt(heap: Heap, y: HeapTensor, x: HeapTensor, q: SoftmaxParams): Step {
  const n = sameSize(y, x);
  const size = x.shape[x.shape.length - 1];
  const rows = size ? n / size : 0;
  if (x.dtype === 'u8' || y.dtype === 'u8') allOf(['u8'], 'softmax', y, x);
  else allOf(['i8'], 'softmax', x);
  const table = heap.alloc(1024);
  heap.wasm.softmax_table(table, q.multiplier, q.shift, q.diffMin);
  const { wasm } = heap;
  const kernel = y.dtype === 'u8' ? wasm.softmax_u8 : y.dtype === 'i16' ? wasm.softmax_s8_s16 : wasm.softmax_s8;
  return () => kernel(y.ptr, x.ptr, rows, size, table);
}

export interface LogSoftmaxParams extends SoftmaxParams {
  /** From Q5.26 to differences of x. */
  readonly backMultiplier: number;
  readonly backShift: number;
}

/** Logarithm of softmax over the last axis, equal bit for bit to TFLite's reference. y i8 (zero 127, scale 1/16), x i8. */
export function logSoftmaxInt(heap: Heap, y: HeapTensor, x: HeapTensor, q: LogSoftmaxParams): Step {
  allOf(['i8'], 'a logarithm of softmax', y, x);
  const size = x.shape[x.shape.length - 1];
  const rows = sameSize(y, x) / size;
  const numbers = [q.multiplier, q.shift, q.backMultiplier, q.backShift, q.diffMin] as const;
  return () => heap.wasm.log_softmax_s8(y.ptr, x.ptr, rows, size, ...numbers);
}

/**
 * Softmax of int16 over the last axis by tables, equal bit for bit to CMSIS-NN `arm_softmax_s16`. y is Q0.15.
 *
 * @param q Q31 multiplier and shift that bring x - max to 10 / 65536
 */
export function softmaxS16(heap: Heap, y: HeapTensor, x: HeapTensor, q: { multiplier: number; shift: number }): Step {
  allOf(['i16'], 'softmax', y, x);
  const n = sameSize(y, x);
  const size = x.shape[x.shape.length - 1];
  const rows = size ? n / size : 0;
  const exp = place(heap, expTable());
  const reciprocal = place(heap, oneOverOnePlusTable());
  return () => heap.wasm.softmax_s16(y.ptr, x.ptr, rows, size, q.multiplier, q.shift, exp, reciprocal);
}
