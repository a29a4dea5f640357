// Products of matrices, one pair after another is the wrapper's matter.
//
//   y  [rows, columns]
//   a  [rows, depth]
//   b  [columns, depth]: transposed
//
// Source: CMSIS-NN 99f736a, arm_batch_matmul_s8, arm_batch_matmul_s16; equal bit for bit.
import { dotS16, dotS8 } from "../math/dot";
import { clamp, reduceMultiplier, requantize, requantizeS64 } from "../math/requantize";

/** int8: y = clamp(requantize(sum of (a + aOffset) * (b + bOffset), multiplier, shift) + yOffset) */
export function batch_matmul_s8(
  y: usize, a: usize, b: usize, rows: i32, columns: i32, depth: i32,
  aOffset: i32, bOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  for (let i = 0; i < rows; i++, a += depth) {
    for (let j = 0, w = b; j < columns; j++, w += depth, y++) {
      const q = requantize(dotS8(a, w, depth, aOffset, bOffset), multiplier, shift) + yOffset;
      store<i8>(y, clamp(q, yMin, yMax));
    }
  }
}

/** int16, summed in int64: y = clamp(requantizeS64(sum of a * b)) */
export function batch_matmul_s16(
  y: usize, a: usize, b: usize, rows: i32, columns: i32, depth: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  const m = reduceMultiplier(multiplier);
  for (let i = 0; i < rows; i++, a += depth << 1) {
    for (let j = 0, w = b; j < columns; j++, w += depth << 1, y += 2) {
      store<i16>(y, clamp(requantizeS64(dotS16<i16>(a, w, depth), m, shift), yMin, yMax));
    }
  }
}
