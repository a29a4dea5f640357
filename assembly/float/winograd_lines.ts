// The one-dimensional transforms of Winograd's method for three taps, four channels at a time (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2016), and their transposes, for the gradients.
//
//   y = A' ((G g) * (B' d))      dg = G' ((A dy) * (B' d))      dd = B ((G g) * (A dy))
//
// Stride 1: F(4, 3), 6 products in place of 12. The points are 0, a, -a, b, -b and infinity with a = sqrt(1/2), b = sqrt(2): they lie as evenly
// about 1 as four points can, and keep the error within three times that of the plain sum (with 1 and 2 it is twice as large).
// Stride 2: two outputs with 5 products in place of 6: taps 0 and 2 meet the even inputs, which is F(2, 2) with the points 0, 1 and infinity,
// tap 1 the odd ones.
//
// A line's values lie `step` bytes apart at `from`, and are written `toStep` bytes apart to `to`. `s` is the stride.
import { clamp_v } from "../math/activation_f32";

const A: f32 = 0.70710678118654752;
const B: f32 = 1.41421356237309505;
/** a^3 and b^3. */
const A3: f32 = 0.35355339059327376;
const B3: f32 = 2.82842712474619010;

/** Inputs and products of a line; a line begins four inputs after the one before it. */
// @ts-ignore: decorator
@inline
export function side(s: i32): i32 {
  return s == 1 ? 6 : 5;
}

/** Outputs of a line. */
// @ts-ignore: decorator
@inline
export function outputs(s: i32): i32 {
  return s == 1 ? 4 : 2;
}

// @ts-ignore: decorator
@inline
function at(p: usize, step: i32, i: i32): v128 {
  return v128.load(p + i * step);
}

// @ts-ignore: decorator
@inline
function times(factor: f32, v: v128): v128 {
  return f32x4.mul(f32x4.splat(factor), v);
}

/** B' d. */
// @ts-ignore: decorator
@inline
export function input_line(s: i32, to: usize, toStep: i32, from: usize, step: i32): void {
  const d0 = at(from, step, 0), d1 = at(from, step, 1), d2 = at(from, step, 2), d3 = at(from, step, 3), d4 = at(from, step, 4);
  if (s == 2) {
    v128.store(to, f32x4.sub(d0, d2));
    v128.store(to + toStep, d2);
    v128.store(to + 2 * toStep, f32x4.sub(d2, d4));
    v128.store(to + 3 * toStep, d1);
    v128.store(to + 4 * toStep, d3);
    return;
  }
  const even = f32x4.sub(d4, times(2, d2)), odd = f32x4.sub(times(A, d3), times(B, d1));
  const even2 = f32x4.sub(d4, times(0.5, d2)), odd2 = f32x4.sub(times(B, d3), times(A, d1));
  v128.store(to, f32x4.add(f32x4.sub(d0, times(2.5, d2)), d4));
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  v128.store(to + 3 * toStep, f32x4.add(even2, odd2));
  v128.store(to + 4 * toStep, f32x4.sub(even2, odd2));
  v128.store(to + 5 * toStep, f32x4.add(f32x4.sub(d1, times(2.5, d3)), at(from, step, 5)));
}

/** B v. */
// @ts-ignore: decorator
@inline
export function back_line(s: i32, to: usize, toStep: i32, from: usize, step: i32): void {
  const v0 = at(from, step, 0), v1 = at(from, step, 1), v2 = at(from, step, 2), v3 = at(from, step, 3), v4 = at(from, step, 4);
  v128.store(to, v0);
  if (s == 2) {
    v128.store(to + toStep, v3);
    v128.store(to + 2 * toStep, f32x4.add(f32x4.sub(v1, v0), v2));
    v128.store(to + 3 * toStep, v4);
    v128.store(to + 4 * toStep, f32x4.neg(v2));
    return;
  }
  const v5 = at(from, step, 5), sum = f32x4.add(v1, v2), odd = f32x4.sub(v1, v2), sum2 = f32x4.add(v3, v4), odd2 = f32x4.sub(v3, v4);
  v128.store(to + toStep, f32x4.sub(v5, f32x4.add(times(B, odd), times(A, odd2))));
  v128.store(to + 2 * toStep, f32x4.neg(f32x4.add(times(2.5, v0), f32x4.add(times(2, sum), times(0.5, sum2)))));
  v128.store(to + 3 * toStep, f32x4.sub(f32x4.add(times(A, odd), times(B, odd2)), times(2.5, v5)));
  v128.store(to + 4 * toStep, f32x4.add(v0, f32x4.add(sum, sum2)));
  v128.store(to + 5 * toStep, v5);
}

/** A' m, plain, or with bias and clamp (`last`): the first `count` outputs. */
// @ts-ignore: decorator
@inline
export function output_line(
  s: i32, to: usize, toStep: i32, from: usize, step: i32, count: i32, last: bool, bias: v128, low: v128, high: v128,
): void {
  const m0 = at(from, step, 0), m1 = at(from, step, 1), m2 = at(from, step, 2), m3 = at(from, step, 3), m4 = at(from, step, 4);
  if (s == 2) {
    put(to, f32x4.add(f32x4.add(m0, m1), m3), last, bias, low, high);
    if (count > 1) put(to + toStep, f32x4.add(f32x4.sub(m1, m2), m4), last, bias, low, high);
    return;
  }
  const sum = f32x4.add(m1, m2), odd = f32x4.sub(m1, m2), sum2 = f32x4.add(m3, m4), odd2 = f32x4.sub(m3, m4);
  put(to, f32x4.add(f32x4.add(m0, sum), sum2), last, bias, low, high);
  if (count < 2) return;
  put(to + toStep, f32x4.add(times(A, odd), times(B, odd2)), last, bias, low, high);
  if (count < 3) return;
  put(to + 2 * toStep, f32x4.add(times(0.5, sum), times(2, sum2)), last, bias, low, high);
  if (count < 4) return;
  put(to + 3 * toStep, f32x4.add(f32x4.add(times(A3, odd), times(B3, odd2)), at(from, step, 5)), last, bias, low, high);
}

// @ts-ignore: decorator
@inline
function put(to: usize, v: v128, last: bool, bias: v128, low: v128, high: v128): void {
  v128.store(to, last ? clamp_v(f32x4.add(v, bias), low, high) : v);
}

/** A dy. */
// @ts-ignore: decorator
@inline
export function gradient_line(s: i32, to: usize, toStep: i32, from: usize, step: i32): void {
  const g0 = at(from, step, 0), g1 = at(from, step, 1);
  v128.store(to, g0);
  if (s == 2) {
    v128.store(to + toStep, f32x4.add(g0, g1));
    v128.store(to + 2 * toStep, f32x4.neg(g1));
    v128.store(to + 3 * toStep, g0);
    v128.store(to + 4 * toStep, g1);
    return;
  }
  const g2 = at(from, step, 2), g3 = at(from, step, 3);
  const even = f32x4.add(g0, times(0.5, g2)), odd = f32x4.add(times(A, g1), times(A3, g3));
  const even2 = f32x4.add(g0, times(2, g2)), odd2 = f32x4.add(times(B, g1), times(B3, g3));
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  v128.store(to + 3 * toStep, f32x4.add(even2, odd2));
  v128.store(to + 4 * toStep, f32x4.sub(even2, odd2));
  v128.store(to + 5 * toStep, g3);
}

/** G g. */
// @ts-ignore: decorator
@inline
export function tap_line(s: i32, to: usize, toStep: i32, from: usize, step: i32): void {
  const g0 = at(from, step, 0), g1 = at(from, step, 1), g2 = at(from, step, 2);
  v128.store(to, g0);
  if (s == 2) {
    v128.store(to + toStep, f32x4.add(g0, g2));
    v128.store(to + 2 * toStep, g2);
    v128.store(to + 3 * toStep, g1);
    v128.store(to + 4 * toStep, g1);
    return;
  }
  const even = f32x4.neg(f32x4.add(times(2.0 / 3, g0), times(1.0 / 3, g2))), odd = times(<f32>(2.0 / 3) * A, g1);
  const even2 = f32x4.add(times(1.0 / 6, g0), times(1.0 / 3, g2)), odd2 = times(<f32>(1.0 / 6) * B, g1);
  v128.store(to + toStep, f32x4.sub(even, odd));
  v128.store(to + 2 * toStep, f32x4.add(even, odd));
  v128.store(to + 3 * toStep, f32x4.add(even2, odd2));
  v128.store(to + 4 * toStep, f32x4.sub(even2, odd2));
  v128.store(to + 5 * toStep, g2);
}

/** G' u. */
// @ts-ignore: decorator
@inline
export function tap_gradient_line(s: i32, to: usize, toStep: i32, from: usize, step: i32): void {
  const u0 = at(from, step, 0), u1 = at(from, step, 1), u2 = at(from, step, 2), u3 = at(from, step, 3), u4 = at(from, step, 4);
  if (s == 2) {
    v128.store(to, f32x4.add(u0, u1));
    v128.store(to + toStep, f32x4.add(u3, u4));
    v128.store(to + 2 * toStep, f32x4.add(u1, u2));
    return;
  }
  const sum = f32x4.add(u1, u2), sum2 = f32x4.add(u3, u4), odd = f32x4.sub(u2, u1), odd2 = f32x4.sub(u3, u4);
  v128.store(to, f32x4.add(u0, f32x4.sub(times(1.0 / 6, sum2), times(2.0 / 3, sum))));
  v128.store(to + toStep, f32x4.add(times(<f32>(2.0 / 3) * A, odd), times(<f32>(1.0 / 6) * B, odd2)));
  v128.store(to + 2 * toStep, f32x4.add(times(1.0 / 3, f32x4.sub(sum2, sum)), at(from, step, 5)));
}
