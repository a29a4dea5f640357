// int16 product of two tensors; zero points are 0.
//
//   y, x1, x2  i16 [n]
//   y = clamp(requantize(x1 * x2, multiplier, shift))
//
// Source: CMSIS-NN 99f736a, arm_elementwise_mul_s16; equal bit for bit.
import { clamp, requantize } from "../math/requantize";

export function elementwise_mul_s16(
  y: usize, x1: usize, x2: usize, n: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  for (let i = 0, at: usize = 0; i < n; i++, at += 2) {
    const product = i32(load<i16>(x1 + at)) * i32(load<i16>(x2 + at));
    store<i16>(y + at, clamp(requantize(product, multiplier, shift), yMin, yMax));
  }
}
