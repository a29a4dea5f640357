// int16 sum of two tensors with scales of their own; zero points are 0.
//
//   y, x1, x2  i16 [n]
//   a = requantize(x1 << leftShift, x1Multiplier, x1Shift), b likewise
//   y = clamp(requantize(a + sign * b, yMultiplier, yShift)); sign 1 adds, -1 subtracts
//
// Source: CMSIS-NN 99f736a, arm_elementwise_add_s16; TFLite's reference Sub. Equal bit for bit.
import { clamp, requantize } from "../math/requantize";

export function elementwise_add_s16(
  y: usize, x1: usize, x2: usize, n: i32, sign: i32,
  x1Multiplier: i32, x1Shift: i32, x2Multiplier: i32, x2Shift: i32, leftShift: i32,
  yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): void {
  for (let i = 0, at: usize = 0; i < n; i++, at += 2) {
    const a = requantize(i32(load<i16>(x1 + at)) << leftShift, x1Multiplier, x1Shift);
    const b = requantize(i32(load<i16>(x2 + at)) << leftShift, x2Multiplier, x2Shift);
    store<i16>(y + at, clamp(requantize(a + sign * b, yMultiplier, yShift), yMin, yMax));
  }
}
