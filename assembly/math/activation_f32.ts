// The clamp that convolutions and dense layers end with, and its gradient from the output alone.

// @ts-ignore: decorator
@inline
export function clamp_v(v: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, low), high);
}

// @ts-ignore: decorator
@inline
export function clamp_s(v: f32, low: f32, high: f32): f32 {
  const t = v < low ? low : v;
  return high < t ? high : t;
}

/** g = dy where low < y < high, else 0. */
export function mask_row(g: usize, dy: usize, y: usize, n: i32, low: f32, high: f32): void {
  const l = f32x4.splat(low), h = f32x4.splat(high);
  let i = 0;
  for (; i <= n - 4; i += 4, g += 16, dy += 16, y += 16) {
    const v = v128.load(y);
    v128.store(g, v128.and(v128.load(dy), v128.and(f32x4.gt(v, l), f32x4.lt(v, h))));
  }
  for (; i < n; i++, g += 4, dy += 4, y += 4) {
    const v = load<f32>(y);
    store<f32>(g, v > low && v < high ? load<f32>(dy) : 0);
  }
}

/** The same for an image [h, w] of rows of `pixel` floats, set into a frame as frame_image does. */
export function mask_image(
  dst: usize, dy: usize, y: usize, h: i32, w: i32, pixel: i32, frameH: i32, frameW: i32, top: i32, left: i32, low: f32, high: f32,
): void {
  const y0 = max(0, -top), y1 = min(h, frameH - top), x0 = max(0, -left), x1 = min(w, frameW - left);
  if (x1 <= x0 || y1 <= y0) return;
  if (left == 0 && w == frameW) {
    const at = (y0 * w * pixel) << 2;
    mask_row(dst + ((y0 + top) * w * pixel << 2), dy + at, y + at, (y1 - y0) * w * pixel, low, high);
    return;
  }
  for (let r = y0; r < y1; r++) {
    const at = ((r * w + x0) * pixel) << 2;
    mask_row(dst + (((r + top) * frameW + x0 + left) * pixel << 2), dy + at, y + at, (x1 - x0) * pixel, low, high);
  }
}
