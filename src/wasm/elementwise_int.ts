import { sizeOf } from '../graph/graph.ts';
import { allOf } from './check.ts';
import { broadcast } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/** Offsets are MINUS the zero points of inputs and PLUS that of the output; multipliers Q31, shifts positive = left. */
export interface AddParams {
  readonly x1Offset: number;
  readonly x1Multiplier: number;
  readonly x1Shift: number;
  readonly x2Offset: number;
  readonly x2Multiplier: number;
  readonly x2Shift: number;
  /** Bits by which both inputs are made finer before they are rescaled: 20 for int8, 15 for int16. */
  readonly leftShift: number;
  readonly yOffset: number;
  readonly yMultiplier: number;
  readonly yShift: number;
  readonly yMin: number;
  readonly yMax: number;
}

export interface MulParams {
  readonly x1Offset: number;
  readonly x2Offset: number;
  readonly yOffset: number;
  readonly multiplier: number;
  readonly shift: number;
  readonly yMin: number;
  readonly yMax: number;
}

/** Numbers of PReLU: the scale of what is above 0, and of products with the slope below. */
export interface PreluParams {
  readonly x1Offset: number;
  readonly x2Offset: number;
  readonly yOffset: number;
  readonly multiplier: number;
  readonly shift: number;
  readonly slopeMultiplier: number;
  readonly slopeShift: number;
}

type Kernel = (y: number, x1: number, x2: number, n: number) => void;

/** Both inputs brought to y's shape, then the kernel over all elements. */
function elementwise(heap: Heap, y: HeapTensor, x1: HeapTensor, x2: HeapTensor, kernel: Kernel): Step {
  allOf(['i8', 'i16'], 'the elementwise kernel', y, x1, x2);
  const n = sizeOf(y.shape);
  const a = broadcast(heap, x1, y.shape);
  const b = broadcast(heap, x2, y.shape);
  return () => {
    a.step?.();
    b.step?.();
    kernel(y.ptr, a.x.ptr, b.x.ptr, n);
  };
}

/**
 * Sum, int8 or int16 by y's type, equal bit for bit to CMSIS-NN `arm_elementwise_add_s8` / `_s16`. Dimensions of 1 broadcast.
 *
 * @param y  i8 or i16, any shape; int16 takes no offsets
 */
export function addInt(heap: Heap, y: HeapTensor, x1: HeapTensor, x2: HeapTensor, q: AddParams): Step {
  return sum(heap, y, x1, x2, q, 1);
}

/** Difference x1 - x2 as TFLite's reference Sub; see {@link addInt}. */
export function subInt(heap: Heap, y: HeapTensor, x1: HeapTensor, x2: HeapTensor, q: AddParams): Step {
  return sum(heap, y, x1, x2, q, -1);
}

function sum(heap: Heap, y: HeapTensor, x1: HeapTensor, x2: HeapTensor, q: AddParams, sign: 1 | -1): Step {
  const { wasm } = heap;
  const { x1Multiplier, x1Shift, x2Multiplier, x2Shift, leftShift, yMultiplier, yShift, yMin, yMax } = q;
  if (y.dtype === 'i16') {
    const scales = [sign, x1Multiplier, x1Shift, x2Multiplier, x2Shift, leftShift, yMultiplier, yShift, yMin, yMax] as const;
    return elementwise(heap, y, x1, x2, (to, a, b, n) => wasm.elementwise_add_s16(to, a, b, n, ...scales));
  }
  const kernel = sign === 1 ? wasm.elementwise_add_s8 : wasm.elementwise_sub_s8;
  const inputs = [q.x1Offset, x1Multiplier, x1Shift, q.x2Offset, x2Multiplier, x2Shift, leftShift] as const;
  const output = [q.yOffset, yMultiplier, yShift, yMin, yMax] as const;
  return elementwise(heap, y, x1, x2, (to, a, b, n) => kernel(to, a, b, n, ...inputs, ...output));
}

/** (x1 - x2)^2, int8, as TFLite's reference SquaredDifference. Dimensions of 1 broadcast. */
export function squaredDifferenceInt(heap: Heap, y: HeapTensor, x1: HeapTensor, x2: HeapTensor, q: AddParams): Step {
  allOf(['i8'], 'a squared difference', y, x1, x2);
  const inputs = [q.x1Offset, q.x1Multiplier, q.x1Shift, q.x2Offset, q.x2Multiplier, q.x2Shift, q.leftShift] as const;
  const output = [q.yOffset, q.yMultiplier, q.yShift, q.yMin, q.yMax] as const;
  return elementwise(heap, y, x1, x2, (to, a, b, n) => heap.wasm.squared_difference_s8(to, a, b, n, ...inputs, ...output));
}

/** x1 above 0, x1 * x2 below, int8, as TFLite's reference BroadcastPrelu4DSlow. Dimensions of 1 broadcast. */
export function preluInt(heap: Heap, y: HeapTensor, x1: HeapTensor, x2: HeapTensor, q: PreluParams): Step {
  allOf(['i8'], 'PReLU', y, x1, x2);
  const numbers = [q.x1Offset, q.x2Offset, q.yOffset, q.multiplier, q.shift, q.slopeMultiplier, q.slopeShift] as const;
  return elementwise(heap, y, x1, x2, (to, a, b, n) => heap.wasm.prelu_s8(to, a, b, n, ...numbers));
}

/** Product, int8 or int16 by y's type, equal bit for bit to CMSIS-NN `arm_elementwise_mul_s8` / `_s16`. Dimensions of 1 broadcast. */
export function mulInt(heap: Heap, y: HeapTensor, x1: HeapTensor, x2: HeapTensor, q: MulParams): Step {
  const { wasm } = heap;
  const { x1Offset, x2Offset, yOffset, multiplier, shift, yMin, yMax } = q;
  const scale = [multiplier, shift, yMin, yMax] as const;
  const kernel: Kernel =
    y.dtype === 'i16'
      ? (to, a, b, n) => wasm.elementwise_mul_s16(to, a, b, n, ...scale)
      : (to, a, b, n) => wasm.elementwise_mul_s8(to, a, b, n, x1Offset, x2Offset, yOffset, ...scale);
  return elementwise(heap, y, x1, x2, kernel);
}

/** Smaller of two tensors of one scale, int8 or int16 by y's type. Dimensions of 1 broadcast. CMSIS-NN `arm_minimum_s8`. */
export function minimumInt(heap: Heap, y: HeapTensor, x1: HeapTensor, x2: HeapTensor): Step {
  return elementwise(heap, y, x1, x2, y.dtype === 'i16' ? heap.wasm.minimum_s16 : heap.wasm.minimum_s8);
}

/** Larger of two tensors of one scale; see {@link minimumInt}. CMSIS-NN `arm_maximum_s8`. */
export function maximumInt(heap: Heap, y: HeapTensor, x1: HeapTensor, x2: HeapTensor): Step {
  return elementwise(heap, y, x1, x2, y.dtype === 'i16' ? heap.wasm.maximum_s16 : heap.wasm.maximum_s8);
}
