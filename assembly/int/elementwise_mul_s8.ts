// int8 product of two tensors.
//
//   y, x1, x2  i8 [n]
//   y = clamp(requantize((x1 + x1Offset) * (x2 + x2Offset), multiplier, shift) + yOffset)
//
// Source: CMSIS-NN 99f736a, arm_elementwise_mul_s8; equal bit for bit.
import { clamp, requantize } from "../math/requantize";
import { narrowToS8, requantizeX4 } from "../math/requantize_simd";

export function elementwise_mul_s8_ref(
  y: usize, x1: usize, x2: usize, n: i32,
  x1Offset: i32, x2Offset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  for (let i = 0; i < n; i++) {
    const product = (load<i8>(x1 + i) + x1Offset) * (load<i8>(x2 + i) + x2Offset);
    store<i8>(y + i, clamp(requantize(product, multiplier, shift) + yOffset, yMin, yMax));
  }
}

export function elementwise_mul_s8(
  y: usize, x1: usize, x2: usize, n: i32,
  x1Offset: i32, x2Offset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  const o1 = i16x8.splat(i16(x1Offset)), o2 = i16x8.splat(i16(x2Offset)), oy = i32x4.splat(yOffset);
  const m = i32x4.splat(multiplier);
  const low = i8x16.splat(i8(yMin)), high = i8x16.splat(i8(yMax));
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const a = i16x8.add(v128.load8x8_s(x1 + i), o1), b = i16x8.add(v128.load8x8_s(x2 + i), o2);
    const y0 = i32x4.add(requantizeX4(i32x4.extmul_low_i16x8_s(a, b), m, shift), oy);
    const y1 = i32x4.add(requantizeX4(i32x4.extmul_high_i16x8_s(a, b), m, shift), oy);
    v128.store64_lane(y + i, i8x16.min_s(i8x16.max_s(narrowToS8(y0, y1, y0, y1), low), high), 0);
  }
  elementwise_mul_s8_ref(y + i, x1 + i, x2 + i, n - i, x1Offset, x2Offset, yOffset, multiplier, shift, yMin, yMax);
}
