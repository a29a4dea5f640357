// Resizing of images, TFLite's definition, and its gradients, added to dx.
//
//   y f32 [batch, outH, outW, c]  written
//   x f32 [batch, inH, inW, c]

/** Input places to one output place. */
function scale_of(n: i32, out: i32, align: i32): f32 {
  return align && out > 1 ? <f32>(n - 1) / <f32>(out - 1) : <f32>n / <f32>out;
}

// @ts-ignore: decorator
@inline
function nearest_place(o: i32, n: i32, scale: f32, align: i32, half: i32): i32 {
  const at = half ? (<f32>o + <f32>0.5) * scale : <f32>o * scale;
  return max(0, min(n - 1, <i32>(align ? floor<f32>(at + <f32>0.5) : floor<f32>(at))));
}

/** y = the nearest x; with `back`, dx (in place of x) += dy (in place of y). */
export function resize_nearest_f32(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32, align: i32, half: i32, back: i32,
): void {
  const h = scale_of(inH, outH, align), w = scale_of(inW, outW, align);
  for (let b = 0; b < batch; b++, x += inH * inW * c * 4) {
    for (let oy = 0; oy < outH; oy++) {
      const row = x + nearest_place(oy, inH, h, align, half) * inW * c * 4;
      for (let ox = 0; ox < outW; ox++, y += c << 2) {
        const p = row + nearest_place(ox, inW, w, align, half) * c * 4;
        if (back) for (let j = 0; j < c; j++) store<f32>(p + (j << 2), load<f32>(p + (j << 2)) + load<f32>(y + (j << 2)));
        else memory.copy(y, p, c << 2);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function place(o: i32, scale: f32, half: i32): f32 {
  return half ? (<f32>o + <f32>0.5) * scale - <f32>0.5 : <f32>o * scale;
}

/** y = the four x around it, weighed by nearness; with `back`, dx (in place of x) += their shares of dy (in place of y). */
export function resize_bilinear_f32(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32, align: i32, half: i32, back: i32,
): void {
  const h = scale_of(inH, outH, align), w = scale_of(inW, outW, align), pixel = c << 2;
  for (let b = 0; b < batch; b++, x += inH * inW * pixel) {
    for (let oy = 0; oy < outH; oy++) {
      const at = place(oy, h, half), y0 = max(<i32>floor<f32>(at), 0), y1 = min(<i32>ceil<f32>(at), inH - 1), fy = at - <f32>y0;
      for (let ox = 0; ox < outW; ox++, y += pixel) {
        const to = place(ox, w, half), x0 = max(<i32>floor<f32>(to), 0), x1 = min(<i32>ceil<f32>(to), inW - 1), fx = to - <f32>x0;
        const p00 = x + (y0 * inW + x0) * pixel, p01 = x + (y0 * inW + x1) * pixel;
        const p10 = x + (y1 * inW + x0) * pixel, p11 = x + (y1 * inW + x1) * pixel;
        const k00 = (<f32>1 - fy) * (<f32>1 - fx), k01 = (<f32>1 - fy) * fx, k10 = fy * (<f32>1 - fx), k11 = fy * fx;
        for (let o = 0; o < pixel; o += 4) {
          if (back) {
            const g = load<f32>(y + o);
            store<f32>(p00 + o, load<f32>(p00 + o) + k00 * g);
            store<f32>(p01 + o, load<f32>(p01 + o) + k01 * g);
            store<f32>(p10 + o, load<f32>(p10 + o) + k10 * g);
            store<f32>(p11 + o, load<f32>(p11 + o) + k11 * g);
          } else {
            store<f32>(y + o, load<f32>(p00 + o) * k00 + load<f32>(p01 + o) * k01 + load<f32>(p10 + o) * k10 + load<f32>(p11 + o) * k11);
          }
        }
      }
    }
  }
}
