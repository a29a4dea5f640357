// Softmax over the last axis of int16 logits, by two tables of 513 entries (exp on [-10, 0], 1/(1+x) on [0, 1]).
//
//   y  i16 [rows, size], 0..32767
//   x  i16 [rows, size]
//
// Source: CMSIS-NN 99f736a, arm_softmax_s16; equal bit for bit.
import { clamp, requantize } from "../math/requantize";

/** `v` int16; entry 256 + (v >> 7) and what lies between it and the next, in int16 arithmetic. */
// @ts-ignore: decorator
@inline
function interpolate(table: usize, v: i32): i32 {
  const at = table + ((256 + (v >> 7)) << 1);
  const base: i32 = load<i16>(at);
  const slope = i16(i32(load<i16>(at, 2)) - base);
  return i16(base + i16((i32(slope) * (v & 0x7f) + 64) >> 7));
}

export function softmax_s16(
  y: usize, x: usize, rows: i32, size: i32, multiplier: i32, shift: i32, expTable: usize, reciprocalTable: usize,
): void {
  for (let r = 0; r < rows; r++, x += size << 1, y += size << 1) {
    let best: i32 = load<i16>(x);
    for (let i = 1; i < size; i++) best = max<i32>(best, load<i16>(x + (i << 1)));
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const scaled = requantize(i32(load<i16>(x + (i << 1))) - best, multiplier, shift);
      const e = interpolate(expTable, clamp(scaled + 32767, -32768, 32767));
      store<i16>(y + (i << 1), e);
      sum += e;
    }
    const headroom = clz(sum);
    const shifted = ((sum << (headroom - 1)) + (1 << 13)) >> 14;
    const reciprocal = interpolate(reciprocalTable, i16(shifted - 98304));
    for (let i = 0; i < size; i++) {
      const q = (i32(load<i16>(y + (i << 1))) * reciprocal) >> (30 - headroom);
      store<i16>(y + (i << 1), (q + 1) >> 1);
    }
  }
}
