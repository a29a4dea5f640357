// Depthwise convolution of 3x3 taps one pixel apart, stride 1, four channels a time. The taps stay in registers along a line, and
// every input is loaded once for the three outputs that it takes part in. Lines are rows, or columns where an image is higher than it is wide:
// the longer a line, the less its beginning costs.
//
//   y  rows of `yRow` bytes, pixels of `pixel` bytes   written (clamped) or with `add` added to
//   a  rows of `aRow` bytes, the same pixels; two rows and columns more than y
//   w  f32 [3, 3, c]
//
// Each y is (across 0 + across 1) + across 2, each sum across the line (first + middle) + last, then the bias.
import { clamp_v } from "../math/activation_f32";

export function depthwise_3x3(
  y: usize, a: usize, w: usize, bias: usize, h: i32, width: i32, c: i32, yRow: i32, aRow: i32, pixel: i32, add: i32, low: f32, high: f32,
): void {
  if (h > width) lines(y, a, w, bias, width, h, c, pixel, yRow, pixel, aRow, pixel, 3 * pixel, add, low, high);
  else lines(y, a, w, bias, h, width, c, yRow, pixel, aRow, pixel, 3 * pixel, pixel, add, low, high);
}

/** `count` lines of `length` outputs; from a line to the next are yLine, aLine and wLine bytes, along a line yStep, aStep and wStep. */
function lines(
  y: usize, a: usize, w: usize, bias: usize, count: i32, length: i32, c: i32, yLine: i32, yStep: i32, aLine: i32, aStep: i32,
  wLine: i32, wStep: i32, add: i32, low: f32, high: f32,
): void {
  const l = f32x4.splat(low), u = f32x4.splat(high);
  for (let j = 0; j < c; j += 4) {
    const o = j << 2, t0 = w + o, t1 = t0 + wLine, t2 = t1 + wLine, whole = c - j >= 4;
    const w00 = v128.load(t0), w01 = v128.load(t0 + wStep), w02 = v128.load(t0 + 2 * wStep);
    const w10 = v128.load(t1), w11 = v128.load(t1 + wStep), w12 = v128.load(t1 + 2 * wStep);
    const w20 = v128.load(t2), w21 = v128.load(t2 + wStep), w22 = v128.load(t2 + 2 * wStep);
    const d = bias ? v128.load(bias + o) : f32x4.splat(0);
    let p = a + o, q = y + o;
    for (let r = 0; r < count; r++, p += aLine, q += yLine) {
      let r0 = p, r1 = p + aLine, r2 = p + 2 * aLine, to = q;
      let x0 = v128.load(r0), x1 = v128.load(r1), x2 = v128.load(r2);
      let two = across(w00, w10, w20, x0, x1, x2);
      r0 += aStep; r1 += aStep; r2 += aStep;
      x0 = v128.load(r0); x1 = v128.load(r1); x2 = v128.load(r2);
      two = f32x4.add(two, across(w01, w11, w21, x0, x1, x2));
      let one = across(w00, w10, w20, x0, x1, x2);
      for (const end = q + length * yStep; to < end; to += yStep) {
        r0 += aStep; r1 += aStep; r2 += aStep;
        x0 = v128.load(r0); x1 = v128.load(r1); x2 = v128.load(r2);
        let v = f32x4.add(two, across(w02, w12, w22, x0, x1, x2));
        two = f32x4.add(one, across(w01, w11, w21, x0, x1, x2));
        one = across(w00, w10, w20, x0, x1, x2);
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
function across(w0: v128, w1: v128, w2: v128, x0: v128, x1: v128, x2: v128): v128 {
  return f32x4.add(f32x4.add(f32x4.mul(w0, x0), f32x4.mul(w1, x1)), f32x4.mul(w2, x2));
}

/** dw [3, 3, c] += for each tap the sum over pixels of g * (what lies under the tap), rows of g `gRow` bytes apart. */
export function depthwise_3x3_grad_w(
  dw: usize, a: usize, g: usize, h: i32, width: i32, c: i32, gRow: i32, aRow: i32, pixel: i32,
): void {
  if (h > width) lines_grad_w(dw, a, g, width, h, c, pixel, gRow, pixel, aRow, pixel, 3 * pixel);
  else lines_grad_w(dw, a, g, h, width, c, gRow, pixel, aRow, pixel, 3 * pixel, pixel);
}

function lines_grad_w(
  dw: usize, a: usize, g: usize, count: i32, length: i32, c: i32, gLine: i32, gStep: i32, aLine: i32, aStep: i32, wLine: i32, wStep: i32,
): void {
  for (let j = 0; j < c; j += 4) {
    const o = j << 2;
    let s00 = f32x4.splat(0), s01 = f32x4.splat(0), s02 = f32x4.splat(0), s10 = f32x4.splat(0), s11 = f32x4.splat(0);
    let s12 = f32x4.splat(0), s20 = f32x4.splat(0), s21 = f32x4.splat(0), s22 = f32x4.splat(0);
    let p = a + o, q = g + o;
    for (let r = 0; r < count; r++, p += aLine, q += gLine) {
      let x0 = p, x1 = p + aStep, x2 = x1 + aStep, d = q;
      for (const end = q + length * gStep; d < end; d += gStep, x0 += aStep, x1 += aStep, x2 += aStep) {
        const v = v128.load(d);
        s00 = f32x4.add(s00, f32x4.mul(v, v128.load(x0)));
        s01 = f32x4.add(s01, f32x4.mul(v, v128.load(x1)));
        s02 = f32x4.add(s02, f32x4.mul(v, v128.load(x2)));
        const y0 = x0 + aLine, y1 = x1 + aLine, y2 = x2 + aLine;
        s10 = f32x4.add(s10, f32x4.mul(v, v128.load(y0)));
        s11 = f32x4.add(s11, f32x4.mul(v, v128.load(y1)));
        s12 = f32x4.add(s12, f32x4.mul(v, v128.load(y2)));
        s20 = f32x4.add(s20, f32x4.mul(v, v128.load(y0 + aLine)));
        s21 = f32x4.add(s21, f32x4.mul(v, v128.load(y1 + aLine)));
        s22 = f32x4.add(s22, f32x4.mul(v, v128.load(y2 + aLine)));
      }
    }
    const n = min(4, c - j), t0 = dw + o, t1 = t0 + wLine, t2 = t1 + wLine;
    add_four(t0, s00, n); add_four(t0 + wStep, s01, n); add_four(t0 + 2 * wStep, s02, n);
    add_four(t1, s10, n); add_four(t1 + wStep, s11, n); add_four(t1 + 2 * wStep, s12, n);
    add_four(t2, s20, n); add_four(t2 + wStep, s21, n); add_four(t2 + 2 * wStep, s22, n);
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
