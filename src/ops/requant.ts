import type { Activation, DType, Quantization } from '../graph/graph.ts';
import type { Operand } from './op.ts';
import { type Multiplier, quantizeMultiplier, roundAway } from './quantize_multiplier.ts';

/**
 * From the scales of a file to the integers that kernels take, in the very arithmetic of TensorFlow Lite Micro (double,
 * from scales that are float32 numbers), so that every multiplier is the chip's own.
 */

/** Lowest and highest value of an integer type. */
export function rangeOf(dtype: DType): { min: number; max: number } {
  switch (dtype) {
    case 'i4':
      return { min: -8, max: 7 };
    case 'i8':
      return { min: -128, max: 127 };
    case 'u8':
      return { min: 0, max: 255 };
    case 'i16':
      return { min: -32768, max: 32767 };
    case 'i32':
      return { min: -(2 ** 31), max: 2 ** 31 - 1 };
    default:
      throw new Error(`${dtype} is not a quantized type`);
  }
}

/** Scale and zero point of a tensor that has one of each. */
export function perTensor(operand: Pick<Operand, 'quant'>): { scale: number; zero: number } {
  const { quant } = operand;
  if (!quant) throw new Error('an integer operand without scale and zero point');
  return { scale: quant.scales[0], zero: quant.zeros[0] };
}

/** Integer bounds of an output with a fused activation. Source: kernels/kernel_util.cc, CalculateActivationRangeQuantized. */
export function activationRange(activation: Activation, y: Pick<Operand, 'quant' | 'dtype'>): { min: number; max: number } {
  const { min, max } = rangeOf(y.dtype);
  if (activation === 'none') return { min, max };
  const { scale, zero } = perTensor(y);
  const at = (real: number) => zero + roundAway(Math.fround(real / scale));
  return {
    min: Math.max(min, at(activation === 'reluN1' ? -1 : 0)),
    max: activation === 'relu' ? max : Math.min(max, at(activation === 'relu6' ? 6 : 1)),
  };
}

/** One factor for each output channel, or one for all: scale of x times scale of w by scale of y. */
export function productMultipliers(x: Operand, w: Operand, y: Operand): Multiplier[] {
  const xs = perTensor(x).scale;
  const ys = perTensor(y).scale;
  return weightScales(w.quant).map((ws) => quantizeMultiplier((xs * ws) / ys));
}

/** A fully connected layer of one weight scale multiplies the scales in float32. Source: GetQuantizedConvolutionMultipler. */
export function denseMultipliers(x: Operand, w: Operand, y: Operand): Multiplier[] {
  if (weightScales(w.quant).length > 1) return productMultipliers(x, w, y);
  const product = Math.fround(perTensor(x).scale * perTensor(w).scale);
  return [quantizeMultiplier(product / perTensor(y).scale)];
}

const weightScales = (quant: Quantization | null): readonly number[] => {
  if (!quant) throw new Error('integer weights without scales');
  return quant.scales;
};

/** Both inputs of a sum brought to a common finer scale, and the sum to that of y. Source: kernels/add.cc, PrepareGeneralSubOp. */
export function sumMultipliers(
  a: Operand,
  b: Operand,
  y: Operand,
): { leftShift: number; a: Multiplier; b: Multiplier; y: Multiplier } {
  const leftShift = y.dtype === 'i16' ? 15 : 20;
  const twice = 2 * Math.max(perTensor(a).scale, perTensor(b).scale);
  return {
    leftShift,
    a: quantizeMultiplier(perTensor(a).scale / twice),
    b: quantizeMultiplier(perTensor(b).scale / twice),
    y: quantizeMultiplier(twice / (2 ** leftShift * perTensor(y).scale)),
  };
}

/** From one scale to another (requantizing, leaky relu's slopes with `factor`). */
export const rescale = (x: Operand, y: Operand, factor = 1): Multiplier =>
  quantizeMultiplier((perTensor(x).scale * factor) / perTensor(y).scale);
