// What the int16 kernels share. Products of int16 activations and int8 weights are below 2^22, so int32 holds at least 511 of them: after at
// most 128 pairs the sums move on to int64.
import { clamp, reduceMultiplier, requantize, requantizeS64 } from "../math/requantize";

/** sums i64[8] += a * b: one row of A against a block of B, as in tile_s8. */
export function row_s16(sums: usize, a: usize, b: usize, ny: i32, sy: i32, nx: i32, sx: i32, bytes: i32): void {
  memory.fill(sums, 0, 64);
  for (let iy = 0; iy < ny; iy++, a += sy) {
    for (let ix = 0, p = a; ix < nx; ix++, p += sx) {
      for (let from = p, all = p + bytes; from < all; from += 512) {
        let c0 = i32x4.splat(0), c1 = c0;
        for (let q = from, end = min(from + 512, all); q < end; q += 4, b += 32) {
          const s = v128.load32_splat(q);
          c0 = i32x4.add(c0, i32x4.dot_i16x8_s(s, v128.load(b)));
          c1 = i32x4.add(c1, i32x4.dot_i16x8_s(s, v128.load(b, 16)));
        }
        add_sums(sums, c0, c1);
      }
    }
  }
}

/** sums i64[8] += (c0, c1). */
// @ts-ignore: decorator
@inline
export function add_sums(sums: usize, c0: v128, c1: v128): void {
  v128.store(sums, i64x2.add(v128.load(sums), i64x2.extend_low_i32x4_s(c0)));
  v128.store(sums, i64x2.add(v128.load(sums, 16), i64x2.extend_high_i32x4_s(c0)), 16);
  v128.store(sums, i64x2.add(v128.load(sums, 32), i64x2.extend_low_i32x4_s(c1)), 32);
  v128.store(sums, i64x2.add(v128.load(sums, 48), i64x2.extend_high_i32x4_s(c1)), 48);
}

/** `n` outputs of channels `from` .. from their sums. */
export function finish_s16(
  y: usize, sums: usize, n: i32, from: i32, bias: usize, multiplier: usize, shift: usize, each: i32, wide: i32, yMin: i32, yMax: i32,
): void {
  for (let c = from, end = from + n; c < end; c++, y += 2, sums += 8) {
    store<i16>(y, rescale_s16(load<i64>(sums), c, bias, multiplier, shift, each, wide, yMin, yMax));
  }
}

/** One output of channel `c`. `wide`: bias i64 and 64-bit rescaling, else bias i32 and a sum that wraps at 32 bits. */
export function rescale_s16(
  sum: i64, c: i32, bias: usize, multiplier: usize, shift: usize, each: i32, wide: i32, yMin: i32, yMax: i32,
): i32 {
  const m = load<i32>(multiplier + c * each), s = load<i32>(shift + c * each);
  if (wide) return clamp(requantizeS64(sum + (bias ? load<i64>(bias + (c << 3)) : 0), reduceMultiplier(m), s), yMin, yMax);
  return clamp(requantize(i32(sum) + (bias ? load<i32>(bias + (c << 2)) : 0), m, s), yMin, yMax);
}
