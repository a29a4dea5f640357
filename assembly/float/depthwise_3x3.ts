// Depthwise convolution of 3x3 taps one pixel apart, stride 1, four channels a time. The taps stay in registers while a row goes by, and
// every input is loaded once for the three outputs that it takes part in.
//
//   y  rows of `yRow` bytes, pixels of `pixel` bytes   written (clamped) or with `add` added to
//   a  rows of `aRow` bytes, the same pixels; two rows and columns more than y
//   w  f32 [3, 3, c]
//
// Each y is (column 0 + column 1) + column 2, each column (top + middle) + bottom, then the bias.
import { clamp_v } from "../math/activation_f32";

export function depthwise_3x3(
  y: usize, a: usize, w: usize, bias: usize, h: i32, width: i32, c: i32, yRow: i32, aRow: i32, pixel: i32, add: i32, low: f32, high: f32,
): void {
  const l = f32x4.splat(low), u = f32x4.splat(high);
  for (let j = 0; j < c; j += 4) {
    const o = j << 2, t = w + o, whole = c - j >= 4;
    const w00 = v128.load(t), w01 = v128.load(t + pixel), w02 = v128.load(t + 2 * pixel);
    const w10 = v128.load(t + 3 * pixel), w11 = v128.load(t + 4 * pixel), w12 = v128.load(t + 5 * pixel);
    const w20 = v128.load(t + 6 * pixel), w21 = v128.load(t + 7 * pixel), w22 = v128.load(t + 8 * pixel);
    const d = bias ? v128.load(bias + o) : f32x4.splat(0);
    let p = a + o, q = y + o;
    for (let r = 0; r < h; r++, p += aRow, q += yRow) {
      let r0 = p, r1 = p + aRow, r2 = p + 2 * aRow, to = q;
      let x0 = v128.load(r0), x1 = v128.load(r1), x2 = v128.load(r2);
      let two = column(w00, w10, w20, x0, x1, x2);
      r0 += pixel; r1 += pixel; r2 += pixel;
      x0 = v128.load(r0); x1 = v128.load(r1); x2 = v128.load(r2);
      two = f32x4.add(two, column(w01, w11, w21, x0, x1, x2));
      let one = column(w00, w10, w20, x0, x1, x2);
      for (const end = q + width * pixel; to < end; to += pixel) {
        r0 += pixel; r1 += pixel; r2 += pixel;
        x0 = v128.load(r0); x1 = v128.load(r1); x2 = v128.load(r2);
        let v = f32x4.add(two, column(w02, w12, w22, x0, x1, x2));
        two = f32x4.add(one, column(w01, w11, w21, x0, x1, x2));
        one = column(w00, w10, w20, x0, x1, x2);
        if (whole) {
          if (add) v = f32x4.add(v128.load(to), v);
          else v = clamp_v(f32x4.add(v, d), l, u);
          v128.store(to, v);
        } else {
          for (let k = j; k < c; k++) {
            const s = f32x4.extract_lane(v, 0);
            const e = to + ((k - j) << 2);
            if (add) store<f32>(e, load<f32>(e) + s);
            else {
              const b = s + (bias ? load<f32>(bias + (k << 2)) : 0), m = b < low ? low : b;
              store<f32>(e, high < m ? high : m);
            }
            v = v128.shuffle<i32>(v, v, 1, 2, 3, 0);
          }
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function column(w0: v128, w1: v128, w2: v128, x0: v128, x1: v128, x2: v128): v128 {
  return f32x4.add(f32x4.add(f32x4.mul(w0, x0), f32x4.mul(w1, x1)), f32x4.mul(w2, x2));
}

/** dw [3, 3, c] += for each tap the sum over pixels of g * (what lies under the tap), rows of g `gRow` bytes apart. */
export function depthwise_3x3_grad_w(
  dw: usize, a: usize, g: usize, h: i32, width: i32, c: i32, gRow: i32, aRow: i32, pixel: i32,
): void {
  for (let j = 0; j < c; j += 4) {
    const o = j << 2;
    let s00 = f32x4.splat(0), s01 = f32x4.splat(0), s02 = f32x4.splat(0), s10 = f32x4.splat(0), s11 = f32x4.splat(0);
    let s12 = f32x4.splat(0), s20 = f32x4.splat(0), s21 = f32x4.splat(0), s22 = f32x4.splat(0);
    let p = a + o, q = g + o;
    for (let r = 0; r < h; r++, p += aRow, q += gRow) {
      let x0 = p, x1 = p + pixel, x2 = x1 + pixel, d = q;
      for (const end = q + width * pixel; d < end; d += pixel, x0 += pixel, x1 += pixel, x2 += pixel) {
        const v = v128.load(d);
        s00 = f32x4.add(s00, f32x4.mul(v, v128.load(x0)));
        s01 = f32x4.add(s01, f32x4.mul(v, v128.load(x1)));
        s02 = f32x4.add(s02, f32x4.mul(v, v128.load(x2)));
        const y0 = x0 + aRow, y1 = x1 + aRow, y2 = x2 + aRow;
        s10 = f32x4.add(s10, f32x4.mul(v, v128.load(y0)));
        s11 = f32x4.add(s11, f32x4.mul(v, v128.load(y1)));
        s12 = f32x4.add(s12, f32x4.mul(v, v128.load(y2)));
        s20 = f32x4.add(s20, f32x4.mul(v, v128.load(y0 + aRow)));
        s21 = f32x4.add(s21, f32x4.mul(v, v128.load(y1 + aRow)));
        s22 = f32x4.add(s22, f32x4.mul(v, v128.load(y2 + aRow)));
      }
    }
    const n = min(4, c - j), to = dw + o;
    add_four(to, s00, n); add_four(to + pixel, s01, n); add_four(to + 2 * pixel, s02, n);
    add_four(to + 3 * pixel, s10, n); add_four(to + 4 * pixel, s11, n); add_four(to + 5 * pixel, s12, n);
    add_four(to + 6 * pixel, s20, n); add_four(to + 7 * pixel, s21, n); add_four(to + 8 * pixel, s22, n);
  }
}

/** y [n <= 4] += v. */
// @ts-ignore: decorator
@inline
export function add_four(y: usize, v: v128, n: i32): void {
  if (n == 4) {
    v128.store(y, f32x4.add(v128.load(y), v));
    return;
  }
  for (let j = 0; j < n; j++, y += 4) {
    store<f32>(y, load<f32>(y) + f32x4.extract_lane(v, 0));
    v = v128.shuffle<i32>(v, v, 1, 2, 3, 0);
  }
}
