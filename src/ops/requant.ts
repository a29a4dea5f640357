import { type Activation, integerRange, type Quantization, type Tensor } from '../graph/graph.ts';
import type { AddParams, PreluParams } from '../wasm/elementwise_int.ts';
import type { MeanParams } from '../wasm/mean_int.ts';
import type { RequantizeParams } from '../wasm/requantize_int.ts';
import type { Rescale } from '../wasm/rescale.ts';
import type { LogSoftmaxParams, SoftmaxParams } from '../wasm/softmax_int.ts';
import type { Operand } from './kernel_call.ts';
import { type Multiplier, quantizeMultiplier, roundAway } from './quantize_multiplier.ts';

/**
 * From the scales of a file to the integers that kernels take, in the very arithmetic of TensorFlow Lite Micro (double,
 * from scales that are float32 numbers), so that every multiplier is the chip's own.
 */

/** Scale and zero point of a tensor that has one of each. */
export function perTensor(operand: Pick<Operand, 'quant'>): { scale: number; zero: number } {
  const { quant } = operand;
  if (!quant) throw new Error('an integer operand without scale and zero point');
  return { scale: quant.scales[0], zero: quant.zeros[0] };
}

/** Integer bounds of an output with a fused activation. Source: kernels/kernel_util.cc, CalculateActivationRangeQuantized. */
export function clampOf(activation: Activation, y: Pick<Operand, 'quant' | 'dtype'>): { yMin: number; yMax: number } {
  const { min, max } = integerRange(y.dtype);
  if (activation === 'none') return { yMin: min, yMax: max };
  const { scale, zero } = perTensor(y);
  const at = (real: number) => zero + roundAway(Math.fround(real / scale));
  return {
    yMin: Math.max(min, at(activation === 'reluN1' ? -1 : 0)),
    yMax: activation === 'relu' ? max : Math.min(max, at(activation === 'relu6' ? 6 : 1)),
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

/** How the sums of a layer become integers of y. Sums of int16 have 64 bits unless the bias has 32. */
export function layerParams(
  { x, bias = null, y }: { readonly x: Operand; readonly bias?: Operand | null; readonly y: Operand },
  multipliers: readonly Multiplier[],
  activation: Activation,
): Required<Rescale> {
  const { yMin, yMax } = clampOf(activation, y);
  return {
    xOffset: -perTensor(x).zero,
    yOffset: perTensor(y).zero,
    multiplier: multipliers.map((m) => m.multiplier),
    shift: multipliers.map((m) => m.shift),
    yMin,
    yMax,
    wide: x.dtype === 'i16' && bias?.dtype !== 'i32',
  };
}

/** Meaning of a bias: steps of x's scale times w's, 32 bits, or 64 beside 16-bit activations. */
export function biasQuantization(x: Quantization, w: Quantization): Quantization {
  const scales = w.scales.map((s) => Math.fround(x.scales[0] * s));
  return { bits: x.bits === 16 ? 64 : 32, scales, zeros: scales.map(() => 0), axis: scales.length > 1 ? 0 : null };
}

/** Bias integers beyond this would leave too little room for the sum of products in 32 bits. */
const LARGEST_BIAS = 2 ** 30;

/** By channel: the least scale of weights beside which the bias fits. Where channels share a scale, it is the largest one's. */
export function leastWeightScale(bias: Tensor | null, inputScale: number, perChannel: boolean): (channel: number) => number {
  if (!(bias?.data instanceof Float32Array)) return () => 0;
  const values = bias.data;
  const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const of = (c: number) => (perChannel ? Math.abs(values[c % values.length]) : largest);
  return (c) => Math.fround(of(c) / (LARGEST_BIAS * inputScale));
}

const weightScales = (quant: Quantization | null): readonly number[] => {
  if (!quant) throw new Error('integer weights without scales');
  return quant.scales;
};

/** Both inputs of a sum brought to a common finer scale, and the sum to that of y. Source: kernels/add.cc, PrepareGeneralSubOp. */
export function sumParams(a: Operand, b: Operand, y: Operand, activation: Activation): AddParams {
  const leftShift = y.dtype === 'i16' ? 15 : 20;
  const twice = 2 * Math.max(perTensor(a).scale, perTensor(b).scale);
  const [x1, x2] = [a, b].map((x) => quantizeMultiplier(perTensor(x).scale / twice));
  const out = quantizeMultiplier(twice / (2 ** leftShift * perTensor(y).scale));
  return {
    x1Offset: -perTensor(a).zero,
    x1Multiplier: x1.multiplier,
    x1Shift: x1.shift,
    x2Offset: -perTensor(b).zero,
    x2Multiplier: x2.multiplier,
    x2Shift: x2.shift,
    leftShift,
    yOffset: perTensor(y).zero,
    yMultiplier: out.multiplier,
    yShift: out.shift,
    ...clampOf(activation, y),
  };
}

/** Of (a - b)^2: both inputs are made finer by 7 bits and brought to one scale. Source: kernels/squared_difference.cc, Prepare (int8). */
export function squaredDifferenceParams(a: Operand, b: Operand, y: Operand): AddParams {
  const leftShift = 7;
  const twice = 2 * Math.max(perTensor(a).scale, perTensor(b).scale);
  const out = quantizeMultiplier((twice * twice) / (2 ** (2 * leftShift) * perTensor(y).scale));
  return { ...sumParams(a, b, y, 'none'), leftShift, yMultiplier: out.multiplier, yShift: out.shift };
}

/** Source: TFLite micro/kernels/prelu_common.cc, CalculatePreluParams. */
export function preluParams(x: Operand, slope: Operand, y: Operand): PreluParams {
  const above = quantizeMultiplier(perTensor(x).scale / perTensor(y).scale);
  const below = quantizeMultiplier((perTensor(x).scale * perTensor(slope).scale) / perTensor(y).scale);
  return {
    x1Offset: -perTensor(x).zero,
    x2Offset: -perTensor(slope).zero,
    yOffset: perTensor(y).zero,
    multiplier: above.multiplier,
    shift: above.shift,
    slopeMultiplier: below.multiplier,
    slopeShift: below.shift,
  };
}

/** From one scale to another; `factor` is a slope between them. */
export function rescaleParams(x: Operand, y: Operand, activation: Activation = 'none', factor = 1): RequantizeParams {
  return {
    xOffset: -perTensor(x).zero,
    yOffset: perTensor(y).zero,
    ...quantizeMultiplier((perTensor(x).scale * factor) / perTensor(y).scale),
    ...clampOf(activation, y),
  };
}

/** Source: TFLite kernels/internal/reference/reduce.h, QuantizedMeanOrSum: the division by `count` is part of the multiplier. */
export function meanParams(x: Operand, y: Operand, axes: readonly number[]): MeanParams {
  const count = axes.reduce((n, axis) => n * x.shape[axis], 1);
  const { multiplier, shift, ...rest } = rescaleParams(x, y);
  const up = Math.min(31 - Math.clz32(count), 32, 31 + shift);
  return { ...rest, axes, multiplier: Math.floor((multiplier * 2 ** up) / count), shift: shift - up };
}

/** Integer bits of the exponent's argument in gemmlowp's fixed point. */
const SOFTMAX_INTEGER_BITS = 5;

/** Source: TFLite kernels/internal/quantization_util.cc, PreprocessSoftmaxScaling and CalculateInputRadius. */
export function softmaxParams(x: Operand, beta: number): SoftmaxParams {
  const real = Math.min(beta * perTensor(x).scale * 2 ** (31 - SOFTMAX_INTEGER_BITS), 2 ** 31 - 1);
  const { multiplier, shift } = quantizeMultiplier(real);
  const radius = Math.floor(((2 ** SOFTMAX_INTEGER_BITS - 1) * 2 ** (31 - SOFTMAX_INTEGER_BITS)) / 2 ** shift);
  return { multiplier, shift, diffMin: -radius };
}

/** Source: TFLite kernels/internal/quantization_util.cc, PreprocessLogSoftmaxScalingExp. */
export function logSoftmaxParams(x: Operand): LogSoftmaxParams {
  const p = softmaxParams(x, 1);
  const back = quantizeMultiplier(2 ** (31 - p.shift) / p.multiplier);
  return { ...p, backMultiplier: back.multiplier, backShift: back.shift };
}

/**
 * To steps of 10 / 65535, what the int16 tables reach; no difference of two int16 numbers is beyond them.
 * Source: TFLite micro/kernels/softmax_common.cc.
 */
export const softmaxParamsS16 = (x: Operand, beta: number): SoftmaxParams => ({
  ...quantizeMultiplier((perTensor(x).scale * beta) / (10 / 65535)),
  diffMin: -65535,
});
