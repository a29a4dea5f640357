// Counts of values in equal bins.
//
//   counts u32 [bins]  added to
//   x      f32 [n]     values outside low..high count in the first or last bin; NaN counts nowhere
export function histogram_f32(counts: usize, x: usize, n: i32, low: f32, high: f32, bins: i32): void {
  const k = <f32>bins / (high - low);
  for (let i = 0; i < n; i++, x += 4) {
    const v = load<f32>(x);
    if (v != v) continue;
    const bin = <i32>min(max((v - low) * k, 0), <f32>(bins - 1));
    store<u32>(counts + (bin << 2), load<u32>(counts + (bin << 2)) + 1);
  }
}
