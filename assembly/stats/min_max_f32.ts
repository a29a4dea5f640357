// Smallest and largest value.
//
//   range f32 [2]  [min, max] so far, lowered and raised; NaN is passed over
//   x     f32 [n]
export function min_max_f32(range: usize, x: usize, n: i32): void {
  let a = v128.load32_splat(range), b = v128.load32_splat(range, 4), i = 0;
  for (; i <= n - 4; i += 4, x += 16) {
    const v = v128.load(x);
    a = f32x4.pmin(a, v);
    b = f32x4.pmax(b, v);
  }
  let low = f32x4.extract_lane(a, 0), high = f32x4.extract_lane(b, 0);
  low = least(least(low, f32x4.extract_lane(a, 1)), least(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)));
  high = most(most(high, f32x4.extract_lane(b, 1)), most(f32x4.extract_lane(b, 2), f32x4.extract_lane(b, 3)));
  for (; i < n; i++, x += 4) {
    low = least(low, load<f32>(x));
    high = most(high, load<f32>(x));
  }
  store<f32>(range, low);
  store<f32>(range, high, 4);
}

// @ts-ignore: decorator
@inline
function least(a: f32, b: f32): f32 {
  return b < a ? b : a;
}

// @ts-ignore: decorator
@inline
function most(a: f32, b: f32): f32 {
  return a < b ? b : a;
}
