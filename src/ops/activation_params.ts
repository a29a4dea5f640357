import type { HardSwishParams, LeakyReluParams, SigmoidParams } from '../wasm/activation_int.ts';
import type { Operand } from './kernel_call.ts';
import { frexp, quantizeMultiplier } from './quantize_multiplier.ts';
import { perTensor } from './requant.ts';

/** Parameters of the activations that integer kernels compute in fixed point, in TensorFlow Lite Micro's arithmetic. */

const f = Math.fround;

/** Integer bits of what the fixed-point sigmoid and tanh take. */
const INTEGER_BITS = 4;

/** Source: micro/kernels/logistic_common.cc, tanh.cc (int8). */
export function sigmoidParams(x: Operand): SigmoidParams {
  const { scale, zero } = perTensor(x);
  const { multiplier, shift } = quantizeMultiplier(scale * 2 ** (31 - INTEGER_BITS));
  const radius = Math.floor(((2 ** INTEGER_BITS - 1) * 2 ** (31 - INTEGER_BITS)) / 2 ** shift);
  return { xZero: zero, radius: Math.min(radius, 2 ** 31 - 1), multiplier, shift };
}

/**
 * To the table's scale of 1 / (3 * 4096). Scales that are a power of two near it need no multiplier of their own.
 * Source: micro/kernels/logistic_common.cc, tanh.cc (int16).
 */
export function sigmoidParamsS16(x: Operand, powers: readonly number[]): { multiplier: number; shift: number } {
  const { scale } = perTensor(x);
  const { fraction, exponent } = frexp(scale);
  const left = 12 + exponent - 1;
  if (fraction === 0.5 && powers.includes(left)) return { multiplier: 3 * 2 ** left, shift: 0 };
  let multiplier = scale * 4096 * 3;
  let shift = 0;
  for (; multiplier <= 32767 / 2 && shift <= 30; shift++) multiplier *= 2;
  return { multiplier: Math.trunc(multiplier), shift };
}

/** A Q31 multiplier as Q15. */
const to16 = (multiplier: number) => (multiplier >= 0x7fffffff - 0x8000 ? 0x7fff : (multiplier + 0x8000) >> 16);

/** Source: micro/kernels/hard_swish_common.cc. */
export function hardSwishParams(x: Operand, y: Operand): HardSwishParams {
  const fine = f(perTensor(x).scale / 128);
  const out = quantizeMultiplier(f(fine / perTensor(y).scale));
  const slope = quantizeMultiplier(f(fine / f(3 / 32768)));
  return {
    xZero: perTensor(x).zero,
    yZero: perTensor(y).zero,
    multiplier: to16(out.multiplier),
    exponent: out.shift,
    slopeMultiplier: to16(slope.multiplier),
    slopeExponent: slope.shift,
  };
}

/** Source: micro/kernels/leaky_relu_common.cc. */
export function leakyReluParams(x: Operand, y: Operand, alpha: number): LeakyReluParams {
  const slope = quantizeMultiplier(f(f(perTensor(x).scale * f(alpha)) / perTensor(y).scale));
  return {
    xZero: perTensor(x).zero,
    yZero: perTensor(y).zero,
    ...quantizeMultiplier(f(perTensor(x).scale / perTensor(y).scale)),
    slopeMultiplier: slope.multiplier,
    slopeShift: slope.shift,
  };
}
