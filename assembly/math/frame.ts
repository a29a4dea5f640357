// Framing: an image [h, w, c] set into a larger or shifted one, so that kernels need no bounds tests.

/**
 * Copies image `src` [h, w] with `pixel` bytes a pixel into `dst` [frameH, frameW], its corner at (top, left), which may be negative.
 * Only the image's own places are written: the caller clears the border once.
 */
export function frame_image(
  dst: usize, src: usize, h: i32, w: i32, pixel: i32, frameH: i32, frameW: i32, top: i32, left: i32,
): void {
  const y0 = max(0, -top), y1 = min(h, frameH - top), x0 = max(0, -left), x1 = min(w, frameW - left);
  if (x1 <= x0 || y1 <= y0) return;
  if (left == 0 && w == frameW) {
    memory.copy(dst + (y0 + top) * w * pixel, src + y0 * w * pixel, (y1 - y0) * w * pixel);
    return;
  }
  for (let y = y0; y < y1; y++) {
    memory.copy(dst + ((y + top) * frameW + x0 + left) * pixel, src + (y * w + x0) * pixel, (x1 - x0) * pixel);
  }
}

/** Whether a window walk over [h, w] needs a frame: it starts at -top, -left and reaches over `spanH` by `spanW`. */
// @ts-ignore: decorator
@inline
export function needs_frame(h: i32, w: i32, spanH: i32, spanW: i32, top: i32, left: i32): bool {
  return top != 0 || left != 0 || spanH > h || spanW > w;
}

/** frame_image of [h, w, c] floats with each channel written `times` times in a row. */
export function spread_image(
  dst: usize, src: usize, h: i32, w: i32, c: i32, times: i32, frameH: i32, frameW: i32, top: i32, left: i32,
): void {
  const y0 = max(0, -top), y1 = min(h, frameH - top), x0 = max(0, -left), x1 = min(w, frameW - left);
  for (let y = y0; y < y1; y++) {
    let to = dst + ((y + top) * frameW + x0 + left) * c * times * 4, from = src + (y * w + x0) * c * 4;
    for (let i = 0; i < (x1 - x0) * c; i++, from += 4) {
      const v = load<f32>(from);
      for (let m = 0; m < times; m++, to += 4) store<f32>(to, v);
    }
  }
}

/** Adds to dst [n] the sums of `times` neighbours in src [n * times]. */
export function gather_image(dst: usize, src: usize, n: i32, times: i32): void {
  for (let i = 0; i < n; i++, dst += 4) {
    let s: f32 = 0;
    for (let m = 0; m < times; m++, src += 4) s += load<f32>(src);
    store<f32>(dst, load<f32>(dst) + s);
  }
}

/** Whether windows are better gathered into rows of their own first: their pieces are short, or of one pixel that a stride parts. */
export function gathers(kH: i32, kW: i32, c: i32, sH: i32, sW: i32, dW: i32, groups: i32): bool {
  return groups == 1 && ((dW == 1 && kH > 1 && kW * c < 16) || (kH * kW == 1 && sH * sW > 1));
}

/**
 * rows [outH * outW][kH][piece]: the window of each pixel, its pieces of `piece` bytes one after another. Whole vectors are copied, so up to
 * 12 bytes behind the last row are written.
 */
export function gather_windows(rows: usize, a: usize, outH: i32, outW: i32, aRow: i32, aPixel: i32, kH: i32, step: i32, piece: i32): void {
  for (let oy = 0; oy < outH; oy++, a += aRow) {
    for (let ox = 0, p = a; ox < outW; ox++, p += aPixel) {
      for (let ky = 0, q = p; ky < kH; ky++, q += step, rows += piece) {
        for (let i = 0; i < piece; i += 16) v128.store(rows + i, v128.load(q + i));
      }
    }
  }
}
