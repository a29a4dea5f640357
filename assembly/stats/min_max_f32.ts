// Smallest and largest value.
//
//   range f32 [2]  [min, max] so far, lowered and raised; both NaN once a value is
//   x     f32 [n]
export function min_max_f32(range: usize, x: usize, n: i32): void {
  let a = v128.load32_splat(range), b = v128.load32_splat(range, 4), i = 0;
  for (; i <= n - 4; i += 4, x += 16) {
    const v = v128.load(x);
    a = f32x4.min(a, v);
    b = f32x4.max(b, v);
  }
  let low = min(min(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1)), min(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)));
  let high = max(max(f32x4.extract_lane(b, 0), f32x4.extract_lane(b, 1)), max(f32x4.extract_lane(b, 2), f32x4.extract_lane(b, 3)));
  for (; i < n; i++, x += 4) {
    low = min(low, load<f32>(x));
    high = max(high, load<f32>(x));
  }
  store<f32>(range, low);
  store<f32>(range, high, 4);
}
