import { CompressError } from '../errors.ts';
import { allOf, sameSize } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

export interface RequantizeParams {
  /** MINUS the zero point of x. */
  readonly xOffset: number;
  readonly yOffset: number;
  readonly multiplier: number;
  readonly shift: number;
  readonly yMin: number;
  readonly yMax: number;
}

/**
 * Integers of one scale as integers of another, and every activation that is a clamp (relu, relu6): TFLite's reference Requantize.
 *
 * @param y i8, u8, i16, or i32 of an i8 or i16
 * @param x i8, u8, i16, or i32 to an i8 or i16
 */
export function requantizeInt(heap: Heap, y: HeapTensor, x: HeapTensor, q: RequantizeParams): Step {
  const n = sameSize(y, x);
  const { xOffset, yOffset, multiplier, shift, yMin, yMax } = q;
  const kernels = {
    i8_i8: heap.wasm.requantize_s8_s8,
    i8_i16: heap.wasm.requantize_s8_s16,
    i16_i8: heap.wasm.requantize_s16_s8,
    i16_i16: heap.wasm.requantize_s16_s16,
    i8_i32: heap.wasm.requantize_s8_s32,
    i16_i32: heap.wasm.requantize_s16_s32,
    i32_i8: heap.wasm.requantize_s32_s8,
    i32_i16: heap.wasm.requantize_s32_s16,
    u8_i8: heap.wasm.requantize_u8_s8,
    i8_u8: heap.wasm.requantize_s8_u8,
  };
  const kernel = kernels[`${x.dtype}_${y.dtype}` as keyof typeof kernels];
  if (!kernel) throw typesOf(x, y);
  if (x.dtype === 'i8' && y.dtype === 'i8') {
    return lookupS8(heap, y, x, (to, from) => kernel(to, from, 256, xOffset, yOffset, multiplier, shift, yMin, yMax));
  }
  return () => kernel(y.ptr, x.ptr, n, xOffset, yOffset, multiplier, shift, yMin, yMax);
}

/** Real numbers to integers: round(x / scale) half away from zero, plus `zero`, clamped. x f32; y i8, u8 or i16. */
export function quantize(heap: Heap, y: HeapTensor, x: HeapTensor, q: { scale: number; zero: number }): Step {
  const n = sameSize(y, x);
  switch (y.dtype) {
    case 'i8':
      return () => heap.wasm.quantize_f32_s8(y.ptr, x.ptr, n, q.scale, q.zero, -128, 127);
    case 'u8':
      return () => heap.wasm.quantize_f32_u8(y.ptr, x.ptr, n, q.scale, q.zero, 0, 255);
    case 'i16':
      return () => heap.wasm.quantize_f32_s16(y.ptr, x.ptr, n, q.scale, q.zero, -32768, 32767);
    default:
      throw typesOf(x, y);
  }
}

/** Integers to real numbers: scale * (x - zero). x i8, u8 or i16; y f32. */
export function dequantize(heap: Heap, y: HeapTensor, x: HeapTensor, q: { scale: number; zero: number }): Step {
  const n = sameSize(y, x);
  switch (x.dtype) {
    case 'i8':
      return () => heap.wasm.dequantize_s8_f32(y.ptr, x.ptr, n, q.scale, q.zero);
    case 'u8':
      return () => heap.wasm.dequantize_u8_f32(y.ptr, x.ptr, n, q.scale, q.zero);
    case 'i16':
      return () => heap.wasm.dequantize_s16_f32(y.ptr, x.ptr, n, q.scale, q.zero);
    default:
      throw typesOf(x, y);
  }
}

/** max(lo, min(hi, x)) on raw integers, i8 or i16. CMSIS-NN `arm_relu6_s8` (0, 6), `arm_relu_q7`, `arm_relu_q15`. */
export function clampInt(heap: Heap, y: HeapTensor, x: HeapTensor, lo: number, hi: number): Step {
  allOf(['i8', 'i16'], 'a clamp', y, x);
  const n = sameSize(y, x);
  const kernel = y.dtype === 'i16' ? heap.wasm.clamp_s16 : heap.wasm.clamp_s8;
  return () => kernel(y.ptr, x.ptr, n, lo, hi);
}

/** An int8 function of one int8 value: `table` holds its results for -128 to 127. */
export function tableS8(heap: Heap, y: HeapTensor, x: HeapTensor, table: readonly number[]): Step {
  allOf(['i8'], 'a table of int8 values', y, x);
  const n = sameSize(y, x);
  const at = heap.tensor('i8', [256], table).ptr;
  return () => heap.wasm.lookup_s8(y.ptr, x.ptr, n, at);
}

/** An int8 function of one int8 value: `fill` is asked once for its 256 values, which are then looked up. */
export function lookupS8(heap: Heap, y: HeapTensor, x: HeapTensor, fill: (to: number, from: number) => void): Step {
  allOf(['i8'], 'a table of int8 values', y, x);
  const n = sameSize(y, x);
  const table = heap.alloc(256);
  heap.scope(() => {
    const all = heap.tensor(
      'i8',
      [256],
      Int8Array.from({ length: 256 }, (_, i) => i - 128),
    );
    fill(table, all.ptr);
  });
  return () => heap.wasm.lookup_s8(y.ptr, x.ptr, n, table);
}

const typesOf = (x: HeapTensor, y: HeapTensor) =>
  new CompressError('unsupported', `there is no conversion from ${x.dtype} to ${y.dtype}`, 'use int8 or int16 activations');
