// exp, log, tanh, logistic and 1/sqrt of f32x4, error at most 2 ulp over the whole range of float32 (measured by test/wasm/math.test.ts).
// Only +, -, *, /, sqrt and bit operations, all exactly rounded by the Wasm specification: the same bits in every host.
//
// Argument reduction and polynomials are the minimax ones of S. Moshier's Cephes library (single precision), coefficients from there.

// @ts-ignore: decorator
@inline
const LN2_HIGH: f32 = 0.693359375;
// @ts-ignore: decorator
@inline
const LN2_LOW: f32 = -2.12194440e-4;

/** exp(x): 0 below -104, infinite above 88.73. */
// @ts-ignore: decorator
@inline
export function exp_v(x: v128): v128 {
  // n stays within -151..129, so that 2^n is a product of two normal powers.
  const t = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-104.5)), f32x4.splat(89.5));
  const n = f32x4.nearest(f32x4.mul(t, f32x4.splat(1.44269504088896341)));
  const r = f32x4.sub(f32x4.sub(t, f32x4.mul(n, f32x4.splat(LN2_HIGH))), f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let p = f32x4.add(f32x4.mul(f32x4.splat(1.9875691500e-4), r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  const e = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  const i = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(i, 1);
  const a = i32x4.shl(i32x4.add(half, i32x4.splat(127)), 23), b = i32x4.shl(i32x4.add(i32x4.sub(i, half), i32x4.splat(127)), 23);
  return f32x4.mul(f32x4.mul(e, a), b);
}

/** log(x): -infinite at 0, NaN below. */
// @ts-ignore: decorator
@inline
export function log_v(x: v128): v128 {
  const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const v = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, tiny);
  // x = m * 2^e with m in sqrt(1/2)..sqrt(2): the bits of sqrt(1/2) mark where the exponent turns.
  const bits = i32x4.sub(v, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.sub(i32x4.shr_s(bits, 23), v128.and(tiny, i32x4.splat(23)));
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const e = f32x4.convert_i32x4_s(exponent), f = f32x4.sub(m, f32x4.splat(1)), z = f32x4.mul(f, f);
  let p = f32x4.add(f32x4.mul(f32x4.splat(7.0376836292e-2), f), f32x4.splat(-1.1514610310e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1.1676998740e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-1.2420140846e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1.4249322787e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-1.6668057665e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(2.0000714765e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-2.4999993993e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(3.3333331174e-1));
  let y = f32x4.mul(f32x4.mul(p, f), z);
  y = f32x4.add(y, f32x4.mul(e, f32x4.splat(LN2_LOW)));
  y = f32x4.sub(y, f32x4.mul(f32x4.splat(0.5), z));
  y = f32x4.add(f32x4.add(f, y), f32x4.mul(e, f32x4.splat(LN2_HIGH)));
  y = v128.bitselect(f32x4.splat(Infinity), y, f32x4.eq(x, f32x4.splat(Infinity)));
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, f32x4.splat(0)));
  return v128.bitselect(y, i32x4.splat(0x7fc00000), f32x4.ge(x, f32x4.splat(0)));
}

/** tanh(x), odd. */
// @ts-ignore: decorator
@inline
export function tanh_v(x: v128): v128 {
  const a = f32x4.abs(x), z = f32x4.mul(a, a);
  let p = f32x4.add(f32x4.mul(f32x4.splat(-5.70498872745e-3), z), f32x4.splat(2.06390887954e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-5.37397155531e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.33314422036e-1));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-3.33332819422e-1));
  const small = f32x4.add(f32x4.mul(f32x4.mul(p, z), a), a);
  const large = f32x4.sub(f32x4.splat(1), f32x4.div(f32x4.splat(2), f32x4.add(exp_v(f32x4.add(a, a)), f32x4.splat(1))));
  const y = v128.bitselect(small, large, f32x4.lt(a, f32x4.splat(0.625)));
  return v128.bitselect(x, y, i32x4.splat(0x80000000));
}

/** 1 / (1 + exp(-x)). */
// @ts-ignore: decorator
@inline
export function logistic_v(x: v128): v128 {
  const e = exp_v(f32x4.neg(f32x4.abs(x))), one = f32x4.splat(1), s = f32x4.add(one, e);
  const q = f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), s);
  // What rounding took from 1 + e is given back to the quotient; 1 - e / 2 is 1 / s closely enough for that.
  const lost = f32x4.sub(e, f32x4.sub(s, one));
  return f32x4.sub(q, f32x4.mul(q, f32x4.mul(lost, f32x4.sub(one, f32x4.mul(f32x4.splat(0.5), e)))));
}

/** 1 / sqrt(x). */
// @ts-ignore: decorator
@inline
export function rsqrt_v(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
}

/** A single value is computed as a vector, so that a tail has the bits it would have inside a vector. */
export function exp_s(x: f32): f32 {
  return f32x4.extract_lane(exp_v(f32x4.splat(x)), 0);
}

export function log_s(x: f32): f32 {
  return f32x4.extract_lane(log_v(f32x4.splat(x)), 0);
}

export function tanh_s(x: f32): f32 {
  return f32x4.extract_lane(tanh_v(f32x4.splat(x)), 0);
}

export function logistic_s(x: f32): f32 {
  return f32x4.extract_lane(logistic_v(f32x4.splat(x)), 0);
}

export function rsqrt_s(x: f32): f32 {
  return <f32>1 / sqrt<f32>(x);
}
