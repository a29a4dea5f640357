// int8 activations as the products read them (products.ts): int16 with their offset added, or bytes + 128.
import { store_value, WIDTH } from "./products";

/** 16 values. */
// @ts-ignore: decorator
@inline
function widen_16(dst: usize, x: usize, add: v128): void {
  const v = v128.load(x);
  if (WIDTH == 0) v128.store(dst, v128.xor(v, add));
  else {
    v128.store(dst, i16x8.add(i16x8.extend_low_i8x16_s(v), add));
    v128.store(dst, i16x8.add(i16x8.extend_high_i8x16_s(v), add), 16);
  }
}

// @ts-ignore: decorator
@inline
function added(offset: i32): v128 {
  return WIDTH == 0 ? i8x16.splat(-128) : i16x8.splat(i16(offset));
}

/** `n` values of x. */
export function widen_s8(dst: usize, x: usize, n: i32, offset: i32): void {
  const add = added(offset);
  let i = 0;
  for (; i <= n - 16; i += 16, x += 16, dst += 16 << WIDTH) widen_16(dst, x, add);
  if (i <= n - 8) {
    if (WIDTH == 0) v128.store64_lane(dst, v128.xor(v128.load64_zero(x), add), 0);
    else v128.store(dst, i16x8.add(v128.load8x8_s(x), add));
    i += 8;
    x += 8;
    dst += 8 << WIDTH;
  }
  for (; i < n; i++, x++, dst += 1 << WIDTH) store_value(dst, load<i8>(x), offset);
}

/** `n` pixels of `c` values that lie `step` bytes apart, one after another. */
export function widen_pixels(dst: usize, x: usize, n: i32, c: i32, step: i32, offset: i32): void {
  if (c & 15) {
    for (let i = 0; i < n; i++, x += step, dst += c << WIDTH) widen_s8(dst, x, c, offset);
    return;
  }
  const add = added(offset);
  for (let i = 0; i < n; i++, x += step) {
    for (let p = x, end = x + c; p < end; p += 16, dst += 16 << WIDTH) widen_16(dst, p, add);
  }
}

/**
 * Image `x` [h, w] of `c` int8 channels set into `frame` [frameH, frameW, c], its corner at (top, left).
 * Only the image's own places are written: the caller clears the border once.
 */
export function frame_s8(
  frame: usize, x: usize, h: i32, w: i32, c: i32, frameH: i32, frameW: i32, top: i32, left: i32, offset: i32,
): void {
  const y1 = min(h, frameH - top), n = min(w, frameW - left);
  if (n <= 0) return;
  if (n == w && w == frameW) {
    if (y1 > 0) widen_s8(frame + ((top * frameW * c) << WIDTH), x, y1 * w * c, offset);
    return;
  }
  for (let y = 0; y < y1; y++) widen_s8(frame + ((((y + top) * frameW + left) * c) << WIDTH), x + y * w * c, n * c, offset);
}
