// What differs between two tensors, seen along a third one: sums [examples] += for each example the sum of (a - b) * g.
//
//   sums     f32 [examples]        added to
//   a, b, g  f32 [examples, size]

export function projected_difference_f32(sums: usize, a: usize, b: usize, g: usize, examples: i32, size: i32): void {
  const whole = size & ~7;
  for (let e = 0; e < examples; e++, sums += 4) {
    let s0 = f32x4.splat(0), s1 = f32x4.splat(0);
    for (let i = 0; i < whole; i += 8, a += 32, b += 32, g += 32) {
      s0 = f32x4.add(s0, f32x4.mul(f32x4.sub(v128.load(a), v128.load(b)), v128.load(g)));
      s1 = f32x4.add(s1, f32x4.mul(f32x4.sub(v128.load(a, 16), v128.load(b, 16)), v128.load(g, 16)));
    }
    const s = f32x4.add(s0, s1);
    let sum = (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
    for (let i = whole; i < size; i++, a += 4, b += 4, g += 4) sum += (load<f32>(a) - load<f32>(b)) * load<f32>(g);
    store<f32>(sums, load<f32>(sums) + sum);
  }
}

export function projected_difference_f32_ref(sums: usize, a: usize, b: usize, g: usize, examples: i32, size: i32): void {
  for (let e = 0; e < examples; e++, sums += 4) {
    let sum: f64 = 0;
    for (let i = 0; i < size; i++, a += 4, b += 4, g += 4) {
      sum += (<f64>load<f32>(a) - <f64>load<f32>(b)) * <f64>load<f32>(g);
    }
    store<f32>(sums, load<f32>(sums) + <f32>sum);
  }
}
