// y = x above the zero point, alpha * x below it, rescaled. Source: TFLite kernels/internal/reference/prelu.h; equal bit for bit.
import { clamp, requantize } from "../math/requantize";

/** y, x and alpha i8 [n]. */
export function prelu_s8(
  y: usize, x: usize, alpha: usize, n: i32, xOffset: i32, alphaOffset: i32, yOffset: i32,
  multiplier: i32, shift: i32, slopeMultiplier: i32, slopeShift: i32,
): void {
  for (let i: usize = 0; i < <usize>n; i++) {
    const v = load<i8>(x + i) + xOffset;
    const scaled = v >= 0
      ? requantize(v, multiplier, shift)
      : requantize(v * (load<i8>(alpha + i) + alphaOffset), slopeMultiplier, slopeShift);
    store<i8>(y + i, clamp(scaled + yOffset, -128, 127));
  }
}
