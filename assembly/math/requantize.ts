// Fixed-point rescaling of an int32 accumulator: y = x * multiplier * 2^(shift - 31).
//
//   multiplier  Q31, 2^30 <= m < 2^31 (or 0)
//   shift       -31..30, positive = left
//
// Source: CMSIS-NN 99f736a, arm_nn_requantize (both roundings) and arm_nn_requantize_s64.
import { singleRounding } from "./rounding";

/** Rounding doubling high multiply without saturation, ties toward +infinity. */
// @ts-ignore: decorator
@inline
export function doublingHighMult(x: i32, m: i32): i32 {
  return i32((i64(x) * i64(m) + 0x40000000) >> 31);
}

/** The same, saturating the one product that does not fit. */
// @ts-ignore: decorator
@inline
export function doublingHighMultSat(x: i32, m: i32): i32 {
  return x == m && x == i32.MIN_VALUE ? i32.MAX_VALUE : doublingHighMult(x, m);
}

/** Rounding arithmetic right shift, ties away from zero; `exponent` 0..31. */
// @ts-ignore: decorator
@inline
export function divideByPowerOfTwo(x: i32, exponent: i32): i32 {
  const mask = i32((i64(1) << exponent) - 1);
  const threshold = (mask >> 1) + i32(x < 0);
  return (x >> exponent) + i32((x & mask) > threshold);
}

// @ts-ignore: decorator
@inline
export function requantize(x: i32, multiplier: i32, shift: i32): i32 {
  if (singleRounding) {
    return i32(((i64(x) * i64(multiplier)) >> (30 - shift)) + 1 >> 1);
  }
  const left = shift > 0 ? shift : 0;
  const right = shift > 0 ? 0 : -shift;
  return divideByPowerOfTwo(doublingHighMult(x << left, multiplier), right);
}

/** A Q31 multiplier as the Q15 one that 64-bit accumulators are scaled by. */
// @ts-ignore: decorator
@inline
export function reduceMultiplier(multiplier: i32): i32 {
  return multiplier < 0x7fff0000 ? (multiplier + 0x8000) >> 16 : 0x7fff;
}

/** 64-bit accumulator by a Q15 multiplier; `shift` -31..7. One rounding, in either rounding mode of the engine. */
// @ts-ignore: decorator
@inline
export function requantizeS64(x: i64, multiplier16: i32, shift: i32): i32 {
  return (i32((x * i64(multiplier16)) >> (14 - shift)) + 1) >> 1;
}

/** Clamps to [lo, hi] (where they cross, hi wins). */
// @ts-ignore: decorator
@inline
export function clamp(x: i32, lo: i32, hi: i32): i32 {
  return min(max(x, lo), hi);
}
