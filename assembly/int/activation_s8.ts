// Nonlinear functions of one int8 value, by TFLite's reference definitions.
//
//   y, x  i8 [n]
//
//   logistic_s8, tanh_s8  gemmlowp fixed point: requantize(x - xZero) is in Q4.27; beyond +-radius the function is at its end.
//                         logistic: zero point -128, scale 1/256; tanh: zero point 0, scale 1/128
//   hard_swish_s8         int16 fixed point; multipliers Q15, exponents positive = left
//   leaky_relu_s8, _s16   one multiplier at or above zero, one below
//
// Their wrappers fill a table of all 256 values with them. Source: TFLite reference_integer_ops Logistic and Tanh,
// reference_ops HardSwish and QuantizeLeakyRelu; equal bit for bit.
import { logisticFixed, tanhFixed } from "../math/exp_fixed";
import { clamp, divideByPowerOfTwo, requantize } from "../math/requantize";

export function logistic_s8(y: usize, x: usize, n: i32, xZero: i32, radius: i32, multiplier: i32, shift: i32): void {
  for (let i = 0; i < n; i++) {
    const v = load<i8>(x + i) - xZero;
    let q = v <= -radius ? -128 : 127;
    if (v > -radius && v < radius) {
      q = clamp(divideByPowerOfTwo(logisticFixed(requantize(v, multiplier, shift)), 23) - 128, -128, 127);
    }
    store<i8>(y + i, q);
  }
}

export function tanh_s8(y: usize, x: usize, n: i32, xZero: i32, radius: i32, multiplier: i32, shift: i32): void {
  for (let i = 0; i < n; i++) {
    const v = load<i8>(x + i) - xZero;
    let q = v <= -radius ? -128 : 127;
    if (v > -radius && v < radius) {
      q = clamp(divideByPowerOfTwo(tanhFixed(requantize(v, multiplier, shift)), 24), -128, 127);
    }
    store<i8>(y + i, q);
  }
}

// @ts-ignore: decorator
@inline
function saturateS16(x: i32): i32 {
  return clamp(x, -32768, 32767);
}

/** Rounding (ties toward +infinity) and saturating doubling high multiply of int16. */
// @ts-ignore: decorator
@inline
function highMultS16(a: i32, b: i32): i32 {
  return a == b && a == -32768 ? 32767 : (a * b + 0x4000) >> 15;
}

/** The same toward zero. */
// @ts-ignore: decorator
@inline
function highMultTowardZeroS16(a: i32, b: i32): i32 {
  return a == b && a == -32768 ? 32767 : (a * b) / 32768;
}

export function hard_swish_s8(
  y: usize, x: usize, n: i32, xZero: i32, yZero: i32,
  yMultiplier: i32, yExponent: i32, slopeMultiplier: i32, slopeExponent: i32,
): void {
  for (let i = 0; i < n; i++) {
    const fine = (load<i8>(x + i) - xZero) << 7;
    const scaled = highMultS16(fine, yMultiplier);
    let slope = fine; // becomes clamp((x + 3) / 6, 0, 1) in Q15
    if (slopeExponent > 0) slope = i32(clamp64(i64(slope) << (slopeExponent - 1)));
    slope = highMultS16(slope, slopeMultiplier);
    if (slopeExponent > 0) slope = saturateS16(slope << 1);
    if (slopeExponent < 0) slope = divideByPowerOfTwo(slope, -slopeExponent);
    slope = (slope + 32768) >> 1;
    const product = divideByPowerOfTwo(highMultTowardZeroS16(slope, scaled), -yExponent);
    store<i8>(y + i, clamp(i16(product + yZero), -128, 127));
  }
}

// @ts-ignore: decorator
@inline
function clamp64(x: i64): i64 {
  return min<i64>(max<i64>(x, -32768), 32767);
}

// @ts-ignore: decorator
@inline
function leakyRelu<T>(
  y: usize, x: usize, n: i32, xZero: i32, yZero: i32, multiplier: i32, shift: i32, slopeMultiplier: i32, slopeShift: i32,
): void {
  for (let i = 0; i < n; i++, x += sizeof<T>(), y += sizeof<T>()) {
    const v = i32(load<T>(x)) - xZero;
    const q = v >= 0 ? requantize(v, multiplier, shift) : requantize(v, slopeMultiplier, slopeShift);
    const edge = 1 << (sizeof<T>() * 8 - 1);
    store<T>(y, <T>clamp(q + yZero, -edge, edge - 1));
  }
}

export function leaky_relu_s8(
  y: usize, x: usize, n: i32, xZero: i32, yZero: i32, multiplier: i32, shift: i32, slopeMultiplier: i32, slopeShift: i32,
): void {
  leakyRelu<i8>(y, x, n, xZero, yZero, multiplier, shift, slopeMultiplier, slopeShift);
}

export function leaky_relu_s16(
  y: usize, x: usize, n: i32, xZero: i32, yZero: i32, multiplier: i32, shift: i32, slopeMultiplier: i32, slopeShift: i32,
): void {
  leakyRelu<i16>(y, x, n, xZero, yZero, multiplier, shift, slopeMultiplier, slopeShift);
}
