// The four-lane twins of requantize.ts: each lane equals the scalar function bit for bit.
import { singleRounding } from "./rounding";

/** Rounding doubling high multiply; `m` holds the multiplier of each lane. */
// @ts-ignore: decorator
@inline
export function doublingHighMultX4(x: v128, m: v128): v128 {
  const half = i64x2.splat(0x40000000);
  const low = i64x2.shr_u(i64x2.add(i64x2.extmul_low_i32x4_s(x, m), half), 31);
  const high = i64x2.shr_u(i64x2.add(i64x2.extmul_high_i32x4_s(x, m), half), 31);
  return v128.shuffle<i32>(low, high, 0, 2, 4, 6);
}

/** Rounding right shift of all lanes by `exponent` 0..31, ties away from zero. */
// @ts-ignore: decorator
@inline
function divideByPowerOfTwoX4(x: v128, exponent: i32): v128 {
  const mask = i32((i64(1) << exponent) - 1);
  const threshold = i32x4.sub(i32x4.splat(mask >> 1), i32x4.shr_s(x, 31));
  const up = i32x4.gt_s(v128.and(x, i32x4.splat(mask)), threshold);
  return i32x4.sub(i32x4.shr_s(x, exponent), up);
}

/** Four accumulators by one multiplier (splat in `m`) and one shift. */
// @ts-ignore: decorator
@inline
export function requantizeX4(x: v128, m: v128, shift: i32): v128 {
  if (singleRounding) {
    const one = i64x2.splat(1);
    const cut = 30 - shift;
    const low = i64x2.shr_u(i64x2.add(i64x2.shr_s(i64x2.extmul_low_i32x4_s(x, m), cut), one), 1);
    const high = i64x2.shr_u(i64x2.add(i64x2.shr_s(i64x2.extmul_high_i32x4_s(x, m), cut), one), 1);
    return v128.shuffle<i32>(low, high, 0, 2, 4, 6);
  }
  const left = shift > 0 ? shift : 0;
  const right = shift > 0 ? 0 : -shift;
  return divideByPowerOfTwoX4(doublingHighMultX4(i32x4.shl(x, left), m), right);
}

/** Sixteen lanes a, b, c, d as int8, saturated. */
// @ts-ignore: decorator
@inline
export function narrowToS8(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}
