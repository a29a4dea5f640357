import { allOf, sameSize } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { place, sigmoidTable } from './luts.ts';
import { lookupS8 } from './requantize_int.ts';

export interface SigmoidParams {
  readonly xZero: number;
  /** Integers this far from the zero point, or farther, are at the function's end. */
  readonly radius: number;
  /** Scale of x times 2^27: to Q4.27. */
  readonly multiplier: number;
  readonly shift: number;
}

/** Int8 sigmoid in gemmlowp fixed point (TFLite's reference Logistic, not its table): y has zero point -128, scale 1/256. */
export function logisticS8(heap: Heap, y: HeapTensor, x: HeapTensor, q: SigmoidParams): Step {
  return lookupS8(heap, y, x, (to, from) => heap.wasm.logistic_s8(to, from, 256, q.xZero, q.radius, q.multiplier, q.shift));
}

/** Int8 tanh in gemmlowp fixed point (TFLite's reference Tanh): y has zero point 0, scale 1/128. */
export function tanhS8(heap: Heap, y: HeapTensor, x: HeapTensor, q: SigmoidParams): Step {
  return lookupS8(heap, y, x, (to, from) => heap.wasm.tanh_s8(to, from, 256, q.xZero, q.radius, q.multiplier, q.shift));
}

export interface HardSwishParams {
  readonly xZero: number;
  readonly yZero: number;
  /** Q15, and exponent (not above 0), of scale of x / 128 by scale of y. */
  readonly multiplier: number;
  readonly exponent: number;
  /** Q15, and exponent, of scale of x / 128 by 3 / 32768. */
  readonly slopeMultiplier: number;
  readonly slopeExponent: number;
}

/** Int8 x * clamp((x + 3) / 6, 0, 1), TFLite's reference HardSwish. */
export function hardSwishS8(heap: Heap, y: HeapTensor, x: HeapTensor, q: HardSwishParams): Step {
  const { xZero, yZero, multiplier, exponent, slopeMultiplier, slopeExponent } = q;
  return lookupS8(heap, y, x, (to, from) =>
    heap.wasm.hard_swish_s8(to, from, 256, xZero, yZero, multiplier, exponent, slopeMultiplier, slopeExponent),
  );
}

export interface LeakyReluParams {
  readonly xZero: number;
  readonly yZero: number;
  readonly multiplier: number;
  readonly shift: number;
  /** Below zero; negative where alpha is. */
  readonly slopeMultiplier: number;
  readonly slopeShift: number;
}

/** x, or alpha * x below zero, int8 or int16: TFLite's reference QuantizeLeakyRelu. */
export function leakyReluInt(heap: Heap, y: HeapTensor, x: HeapTensor, q: LeakyReluParams): Step {
  const { xZero, yZero, multiplier, shift, slopeMultiplier, slopeShift } = q;
  if (y.dtype === 'i16') {
    allOf(['i16'], 'leaky relu', y, x);
    const n = sameSize(y, x);
    return () => heap.wasm.leaky_relu_s16(y.ptr, x.ptr, n, xZero, yZero, multiplier, shift, slopeMultiplier, slopeShift);
  }
  return lookupS8(heap, y, x, (to, from) =>
    heap.wasm.leaky_relu_s8(to, from, 256, xZero, yZero, multiplier, shift, slopeMultiplier, slopeShift),
  );
}

/**
 * Int16 sigmoid or tanh by table, equal bit for bit to CMSIS-NN `arm_nn_activation_s16`. y is Q0.15.
 *
 * @param q `(x * multiplier + half) >> shift` is the real input times 3 * 4096
 */
export function activationS16(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  q: { type: 'sigmoid' | 'tanh'; multiplier: number; shift: number },
): Step {
  allOf(['i16'], `the ${q.type} table`, y, x);
  const n = sameSize(y, x);
  const table = place(heap, sigmoidTable());
  return () => heap.wasm.activation_s16(y.ptr, x.ptr, n, q.multiplier, q.shift, q.type === 'tanh' ? 1 : 0, table);
}

/** Multiplier and shift for inputs of scale 2^(leftShift - 12), as CMSIS-NN takes them. */
export const powerOfTwoInput = (leftShift: number) =>
  leftShift < 0 ? { multiplier: 3, shift: -leftShift } : { multiplier: 3 * 2 ** leftShift, shift: 0 };
