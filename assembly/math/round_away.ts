// Rounding to whole numbers, ties away from zero (C's round): adding a half first would be wrong just below a half.

// @ts-ignore: decorator
@inline
export function roundAway(v: f32): f32 {
  const t = trunc<f32>(v);
  return abs<f32>(v - t) >= 0.5 ? t + copysign<f32>(1, v) : t;
}

// @ts-ignore: decorator
@inline
export function roundAwayX4(v: v128): v128 {
  const t = f32x4.trunc(v), one = v128.or(v128.and(v, i32x4.splat(i32.MIN_VALUE)), f32x4.splat(1));
  return f32x4.add(t, v128.and(one, f32x4.ge(f32x4.abs(f32x4.sub(v, t)), f32x4.splat(0.5))));
}
