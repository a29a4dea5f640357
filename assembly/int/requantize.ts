// Between scales, and between real and integer.
//
//   requantize_A_B   y = clamp(requantize(x + xOffset, multiplier, shift) + yOffset)
//   quantize_f32_B   y = clamp(round(x / scale) + zero), half away from zero; NaN gives the zero point
//   dequantize_A_f32 y = scale * (x - zero)
//
// Source: TFLite's reference Requantize, AffineQuantize and Dequantize; equal bit for bit.
import { clamp, requantize } from "../math/requantize";
import { roundAway } from "../math/round_away";

// @ts-ignore: decorator
@inline
function all<I, O>(
  y: usize, x: usize, n: i32, xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  for (let i = 0; i < n; i++, x += sizeof<I>(), y += sizeof<O>()) {
    store<O>(y, clamp(requantize(i32(load<I>(x)) + xOffset, multiplier, shift) + yOffset, yMin, yMax));
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

/** round(x), half away from zero, as int32; far values stop at +-2^24, which every clamp cuts. */
// @ts-ignore: decorator
@inline
function toInteger(x: f32): i32 {
  return i32(roundAway(min<f32>(max<f32>(x, -16777216), 16777216)));
}

// @ts-ignore: decorator
@inline
function quantizeAll<O>(y: usize, x: usize, n: i32, scale: f32, zero: i32, yMin: i32, yMax: i32): void {
  for (let i = 0; i < n; i++, x += 4, y += sizeof<O>()) {
    store<O>(y, clamp(toInteger(load<f32>(x) / scale) + zero, yMin, yMax));
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
  for (let i = 0; i < n; i++, x += sizeof<I>(), y += 4) store<f32>(y, scale * f32(i32(load<I>(x)) - zero));
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
