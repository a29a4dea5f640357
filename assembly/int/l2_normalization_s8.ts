// Rows divided by their lengths: y i8 [rows, n] of scale 1/128 and zero point 0, x i8 [rows, n].
// Source: TFLite kernels/internal/reference/integer_ops/l2normalization.h; equal bit for bit.
import { inverseRoot } from "../math/log_fixed";
import { clamp, requantize } from "../math/requantize";

export function l2_normalization_s8(y: usize, x: usize, rows: i32, n: i32, xOffset: i32): void {
  for (let r = 0; r < rows; r++, x += n, y += n) {
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const v = load<i8>(x + i) + xOffset;
      squares += v * v;
    }
    const root = inverseRoot(squares);
    const multiplier = i32(root), shift = i32(root >> 32) + 7;
    for (let i = 0; i < n; i++) store<i8>(y + i, clamp(requantize(load<i8>(x + i) + xOffset, multiplier, shift), -128, 127));
  }
}
