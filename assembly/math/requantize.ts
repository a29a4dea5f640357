// Fixed-point rescaling of an int32 accumulator: y = x * multiplier * 2^(shift - 31).
//
//   multiplier  Q31, 2^30 <= m < 2^31 (or 0)
//   shift       -31..30, positive = left
//
// Source: CMSIS-NN 99f736a, arm_nn_requantize (both roundings).
import { singleRounding } from "./rounding";

/** Rounding doubling high multiply without saturation, ties toward +infinity. */
// @ts-ignore: decorator
@inline
export function doublingHighMult(x: i32, m: i32): i32 {
  return i32((i64(x) * i64(m) + 0x40000000) >> 31);
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
