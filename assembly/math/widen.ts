// int8 activations as int16 with their offset added: what the dot products read. Padding is then plain zero.

/** `n` values of x, each plus `offset`. */
export function widen_s8(dst: usize, x: usize, n: i32, offset: i32): void {
  const add = i16x8.splat(i16(offset));
  let i = 0;
  for (; i <= n - 16; i += 16, x += 16, dst += 32) {
    const v = v128.load(x);
    v128.store(dst, i16x8.add(i16x8.extend_low_i8x16_s(v), add));
    v128.store(dst, i16x8.add(i16x8.extend_high_i8x16_s(v), add), 16);
  }
  if (i <= n - 8) {
    v128.store(dst, i16x8.add(v128.load8x8_s(x), add));
    i += 8;
    x += 8;
    dst += 16;
  }
  for (; i < n; i++, x++, dst += 2) store<i16>(dst, load<i8>(x) + offset);
}

/** `n` pixels of `c` values that lie `step` bytes apart, one after another. */
export function widen_pixels(dst: usize, x: usize, n: i32, c: i32, step: i32, offset: i32): void {
  if (c & 15) {
    for (let i = 0; i < n; i++, x += step, dst += c << 1) widen_s8(dst, x, c, offset);
    return;
  }
  const add = i16x8.splat(i16(offset));
  for (let i = 0; i < n; i++, x += step) {
    for (let p = x, end = x + c; p < end; p += 16, dst += 32) {
      const v = v128.load(p);
      v128.store(dst, i16x8.add(i16x8.extend_low_i8x16_s(v), add));
      v128.store(dst, i16x8.add(i16x8.extend_high_i8x16_s(v), add), 16);
    }
  }
}

/**
 * Image `x` [h, w] of `c` int8 channels widened into `frame` [frameH, frameW, c], its corner at (top, left).
 * Only the image's own places are written: the caller clears the border once.
 */
export function frame_s8(
  frame: usize, x: usize, h: i32, w: i32, c: i32, frameH: i32, frameW: i32, top: i32, left: i32, offset: i32,
): void {
  const y1 = min(h, frameH - top), n = min(w, frameW - left);
  if (n <= 0) return;
  if (n == w && w == frameW) {
    if (y1 > 0) widen_s8(frame + ((top * frameW * c) << 1), x, y1 * w * c, offset);
    return;
  }
  for (let y = 0; y < y1; y++) widen_s8(frame + ((((y + top) * frameW + left) * c) << 1), x + y * w * c, n * c, offset);
}
