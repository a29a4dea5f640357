// (x1 - x2)^2, each input made finer and brought to a common scale first. Source: TFLite kernels/squared_difference.cc (int8).
import { clamp, requantize } from "../math/requantize";

export function squared_difference_s8(
  y: usize, x1: usize, x2: usize, n: i32, x1Offset: i32, x1Multiplier: i32, x1Shift: i32, x2Offset: i32, x2Multiplier: i32, x2Shift: i32,
  leftShift: i32, yOffset: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): void {
  for (let i: usize = 0; i < <usize>n; i++) {
    const a = requantize((load<i8>(x1 + i) + x1Offset) << leftShift, x1Multiplier, x1Shift);
    const b = requantize((load<i8>(x2 + i) + x2Offset) << leftShift, x2Multiplier, x2Shift);
    const d = a - b;
    store<i8>(y + i, clamp(requantize(d * d, yMultiplier, yShift) + yOffset, yMin, yMax));
  }
}
