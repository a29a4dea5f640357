// Between scales, and between real and integer.
//
//   requantize_A_B   y = clamp(requantize(x + xOffset, multiplier, shift) + yOffset)
//   quantize_f32_B   y = clamp(round(x / scale) + zero), half away from zero; NaN gives the zero point
//   dequantize_A_f32 y = scale * (x - zero)
//
// Source: TFLite's reference Requantize, AffineQuantize and Dequantize; equal bit for bit.
import { clamp, requantize } from "../math/requantize";
import { roundAway, roundAwayX4 } from "../math/round_away";

// @ts-ignore: decorator
@inline
function all<I, O>(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  for (let i = 0; i < n; i++, x += sizeof<I>(), y += sizeof<O>()) {
    store<O>(y, clamp(requantize(i32(load<I>(x)) + xOffset, multiplier, shift) + yOffset, yMin, yMax));
  }
}

// @ts-ignore: decorator
@inline
function wide<I>(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  for (let i = 0; i < n; i++, x += sizeof<I>(), y += 4) {
    const v = <i64>requantize(load<I>(x) + xOffset, multiplier, shift) + yOffset;
    store<i32>(y, <i32>min(max(v, <i64>yMin), <i64>yMax));
  }
}

export function requantize_s8_s8(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  all<i8, i8>(y, x, n, xOffset, yOffset, multiplier, shift, yMin, yMax);
}

export function requantize_s8_s16(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  all<i8, i16>(y, x, n, xOffset, yOffset, multiplier, shift, yMin, yMax);
}

export function requantize_s16_s8(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  all<i16, i8>(y, x, n, xOffset, yOffset, multiplier, shift, yMin, yMax);
}

export function requantize_s32_s8(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  all<i32, i8>(y, x, n, xOffset, yOffset, multiplier, shift, yMin, yMax);
}

export function requantize_s32_s16(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  all<i32, i16>(y, x, n, xOffset, yOffset, multiplier, shift, yMin, yMax);
}

/** TFLite's QUANTIZE behind 8-bit activations where an application reads 32 bits. */
export function requantize_s8_s32(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  wide<i8>(y, x, n, xOffset, yOffset, multiplier, shift, yMin, yMax);
}

/** TFLite's QUANTIZE behind 16-bit activations where an application reads 32 bits. */
export function requantize_s16_s32(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  wide<i16>(y, x, n, xOffset, yOffset, multiplier, shift, yMin, yMax);
}

export function requantize_s16_s16(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  all<i16, i16>(y, x, n, xOffset, yOffset, multiplier, shift, yMin, yMax);
}

export function requantize_u8_s8(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  all<u8, i8>(y, x, n, xOffset, yOffset, multiplier, shift, yMin, yMax);
}

export function requantize_s8_u8(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  all<i8, u8>(y, x, n, xOffset, yOffset, multiplier, shift, yMin, yMax);
}

/** round(x / scale), half away from zero, as int32 within `low` .. `high`; NaN gives 0. */
// @ts-ignore: decorator
@inline
function quotients(x: usize, scale: v128, low: v128, high: v128): v128 {
  const q = i32x4.trunc_sat_f32x4_s(roundAwayX4(f32x4.div(v128.load(x), scale)));
  return i32x4.min_s(i32x4.max_s(q, low), high);
}

// @ts-ignore: decorator
@inline
function quantizeAll<O>(y: usize, x: usize, n: i32, scale: f32, zero: i32, yMin: i32, yMax: i32): void {
  const s = f32x4.splat(scale), z = i32x4.splat(zero), low = i32x4.splat(yMin - zero), high = i32x4.splat(yMax - zero);
  let i = 0;
  for (; i <= n - 8; i += 8, x += 32, y += 8 * sizeof<O>()) {
    const q = i16x8.narrow_i32x4_s(i32x4.add(quotients(x, s, low, high), z), i32x4.add(quotients(x + 16, s, low, high), z));
    if (sizeof<O>() == 2) v128.store(y, q);
    else v128.store64_lane(y, isSigned<O>() ? i8x16.narrow_i16x8_s(q, q) : i8x16.narrow_i16x8_u(q, q), 0);
  }
  for (; i < n; i++, x += 4, y += sizeof<O>()) {
    store<O>(y, clamp(i32(roundAway(load<f32>(x) / scale)), yMin - zero, yMax - zero) + zero);
  }
}

export function quantize_f32_s8(y: usize, x: usize, n: i32, scale: f32, zero: i32, yMin: i32, yMax: i32): void {
  quantizeAll<i8>(y, x, n, scale, zero, yMin, yMax);
}

export function quantize_f32_u8(y: usize, x: usize, n: i32, scale: f32, zero: i32, yMin: i32, yMax: i32): void {
  quantizeAll<u8>(y, x, n, scale, zero, yMin, yMax);
}

export function quantize_f32_s16(y: usize, x: usize, n: i32, scale: f32, zero: i32, yMin: i32, yMax: i32): void {
  quantizeAll<i16>(y, x, n, scale, zero, yMin, yMax);
}

// @ts-ignore: decorator
@inline
function dequantizeAll<I>(y: usize, x: usize, n: i32, scale: f32, zero: i32): void {
  const s = f32x4.splat(scale), z = i32x4.splat(zero);
  let i = 0;
  for (; i <= n - 8; i += 8, x += 8 * sizeof<I>(), y += 32) {
    const q = sizeof<I>() == 2 ? v128.load(x) : isSigned<I>() ? v128.load8x8_s(x) : v128.load8x8_u(x);
    v128.store(y, f32x4.mul(s, f32x4.convert_i32x4_s(i32x4.sub(i32x4.extend_low_i16x8_s(q), z))));
    v128.store(y, f32x4.mul(s, f32x4.convert_i32x4_s(i32x4.sub(i32x4.extend_high_i16x8_s(q), z))), 16);
  }
  for (; i < n; i++, x += sizeof<I>(), y += 4) store<f32>(y, scale * f32(i32(load<I>(x)) - zero));
}

export function dequantize_s8_f32(y: usize, x: usize, n: i32, scale: f32, zero: i32): void {
  dequantizeAll<i8>(y, x, n, scale, zero);
}

export function dequantize_u8_f32(y: usize, x: usize, n: i32, scale: f32, zero: i32): void {
  dequantizeAll<u8>(y, x, n, scale, zero);
}

export function dequantize_s16_f32(y: usize, x: usize, n: i32, scale: f32, zero: i32): void {
  dequantizeAll<i16>(y, x, n, scale, zero);
}
