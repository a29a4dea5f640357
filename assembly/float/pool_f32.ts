// Average and max pooling (TFLite's definition: a window counts only what lies inside the input), and their gradients, added to dx.
//
//   y f32 [batch, outH, outW, c]  written; clamped to low..high
//   x f32 [batch, inH, inW, c]
import { clamp_s } from "../math/activation_f32";

export function avg_pool_f32(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32,
  kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32, low: f32, high: f32,
): void {
  for (let b = 0; b < batch; b++, x += inH * inW * c * 4) {
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++, y += c << 2) {
      const y0 = max(0, oy * sH - top), y1 = min(inH, oy * sH - top + kH);
      const x0 = max(0, ox * sW - left), x1 = min(inW, ox * sW - left + kW);
      const n = <f32>((y1 - y0) * (x1 - x0));
      let j = 0;
      for (; j <= c - 4; j += 4) {
        let s = f32x4.splat(0);
        for (let iy = y0; iy < y1; iy++) {
          let p = x + (((iy * inW + x0) * c + j) << 2);
          for (let ix = x0; ix < x1; ix++, p += c << 2) s = f32x4.add(s, v128.load(p));
        }
        s = f32x4.div(s, f32x4.splat(n));
        v128.store(y + (j << 2), f32x4.pmin(f32x4.pmax(s, f32x4.splat(low)), f32x4.splat(high)));
      }
      for (; j < c; j++) {
        let s: f32 = 0;
        for (let iy = y0; iy < y1; iy++) for (let ix = x0; ix < x1; ix++) s += load<f32>(x + (((iy * inW + ix) * c + j) << 2));
        store<f32>(y + (j << 2), clamp_s(s / n, low, high));
      }
    }
  }
}

/** Each input of a window gets dy / n, where low < y < high. */
export function avg_pool_grad_f32(
  dx: usize, dy: usize, y: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32,
  kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32, low: f32, high: f32,
): void {
  for (let b = 0; b < batch; b++, dx += inH * inW * c * 4) {
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++, y += c << 2, dy += c << 2) {
      const y0 = max(0, oy * sH - top), y1 = min(inH, oy * sH - top + kH);
      const x0 = max(0, ox * sW - left), x1 = min(inW, ox * sW - left + kW);
      const n = <f32>((y1 - y0) * (x1 - x0));
      let j = 0;
      for (; j <= c - 4; j += 4) {
        const v = v128.load(y + (j << 2)), inside = v128.and(f32x4.gt(v, f32x4.splat(low)), f32x4.lt(v, f32x4.splat(high)));
        const g = v128.and(f32x4.div(v128.load(dy + (j << 2)), f32x4.splat(n)), inside);
        for (let iy = y0; iy < y1; iy++) {
          let p = dx + (((iy * inW + x0) * c + j) << 2);
          for (let ix = x0; ix < x1; ix++, p += c << 2) v128.store(p, f32x4.add(v128.load(p), g));
        }
      }
      for (; j < c; j++) {
        const v = load<f32>(y + (j << 2));
        if (!(v > low && v < high)) continue;
        const g = load<f32>(dy + (j << 2)) / n;
        for (let iy = y0; iy < y1; iy++) for (let ix = x0; ix < x1; ix++) {
          const p = dx + (((iy * inW + ix) * c + j) << 2);
          store<f32>(p, load<f32>(p) + g);
        }
      }
    }
  }
}

export function max_pool_f32(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32,
  kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32, low: f32, high: f32,
): void {
  for (let b = 0; b < batch; b++, x += inH * inW * c * 4) {
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++, y += c << 2) {
      const y0 = max(0, oy * sH - top), y1 = min(inH, oy * sH - top + kH);
      const x0 = max(0, ox * sW - left), x1 = min(inW, ox * sW - left + kW);
      let j = 0;
      for (; j <= c - 4; j += 4) {
        let s = f32x4.splat(-Infinity);
        for (let iy = y0; iy < y1; iy++) {
          let p = x + (((iy * inW + x0) * c + j) << 2);
          for (let ix = x0; ix < x1; ix++, p += c << 2) s = f32x4.pmax(s, v128.load(p));
        }
        v128.store(y + (j << 2), f32x4.pmin(f32x4.pmax(s, f32x4.splat(low)), f32x4.splat(high)));
      }
      for (; j < c; j++) {
        let s: f32 = -Infinity;
        for (let iy = y0; iy < y1; iy++) for (let ix = x0; ix < x1; ix++) {
          const v = load<f32>(x + (((iy * inW + ix) * c + j) << 2));
          s = s < v ? v : s;
        }
        store<f32>(y + (j << 2), clamp_s(s, low, high));
      }
    }
  }
}

/** The first largest input of a window gets dy, where low < y < high. */
export function max_pool_grad_f32(
  dx: usize, dy: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32,
  kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32, low: f32, high: f32,
): void {
  for (let b = 0; b < batch; b++, x += inH * inW * c * 4, dx += inH * inW * c * 4) {
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++, dy += c << 2) {
      const y0 = max(0, oy * sH - top), y1 = min(inH, oy * sH - top + kH);
      const x0 = max(0, ox * sW - left), x1 = min(inW, ox * sW - left + kW);
      for (let j = 0; j < c; j++) {
        let s: f32 = -Infinity, at = -1;
        for (let iy = y0; iy < y1; iy++) for (let ix = x0; ix < x1; ix++) {
          const o = ((iy * inW + ix) * c + j) << 2, v = load<f32>(x + o);
          if (v > s) {
            s = v;
            at = o;
          }
        }
        if (at >= 0 && s > low && s < high) store<f32>(dx + at, load<f32>(dx + at) + load<f32>(dy + (j << 2)));
      }
    }
  }
}
