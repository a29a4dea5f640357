// Norm of each index along one axis, for x of shape [outer, channels, inner].
//
//   norms f32 [channels]  written: sum of |x| (order 1) or square root of the sum of x^2 (order 2)
//   x     f32 [outer, channels, inner]
//
// Sums are kept in float64.
export function channel_norm_f32(norms: usize, x: usize, outer: i32, channels: i32, inner: i32, order: i32): void {
  for (let c = 0; c < channels; c++, norms += 4) {
    let sum: f64 = 0;
    for (let o = 0; o < outer; o++) {
      let p = x + (((o * channels + c) * inner) << 2);
      for (let i = 0; i < inner; i++, p += 4) {
        const v = <f64>load<f32>(p);
        sum += order == 1 ? abs(v) : v * v;
      }
    }
    store<f32>(norms, <f32>(order == 1 ? sum : sqrt(sum)));
  }
}
