// Logarithm of softmax over rows, in gemmlowp fixed point.
//
//   y i8 [rows, n]  written: scale 1/16, zero point 127
//   x i8 [rows, n]
//   multiplier, shift  bring differences of x to Q5.26; `back...` from Q5.26 to differences
//   diffMin  differences below it count as nothing
//
// Source: TFLite kernels/internal/reference/integer_ops/log_softmax.h; equal bit for bit.
import { expOnNegativeValues } from "../math/exp_fixed";
import { logFixed } from "../math/log_fixed";
import { clamp, divideByPowerOfTwo, requantize } from "../math/requantize";

export function log_softmax_s8(
  y: usize, x: usize, rows: i32, n: i32, multiplier: i32, shift: i32, backMultiplier: i32, backShift: i32, diffMin: i32,
): void {
  for (let r = 0; r < rows; r++, x += n, y += n) {
    let largest: i32 = -128;
    for (let i = 0; i < n; i++) largest = max(largest, i32(load<i8>(x + i)));
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const d = load<i8>(x + i) - largest;
      if (d >= diffMin) sum += divideByPowerOfTwo(expOnNegativeValues(requantize(d, multiplier, shift), 5), 12);
    }
    const log = logFixed(sum);
    const least = max(diffMin - 1, requantize(log + i32.MIN_VALUE, backMultiplier, backShift));
    for (let i = 0; i < n; i++) {
      const d = load<i8>(x + i) - largest;
      const v = d > least ? divideByPowerOfTwo(requantize(d, multiplier, shift) - log, 22) + 127 : -128;
      store<i8>(y + i, clamp(v, -128, 127));
    }
  }
}
