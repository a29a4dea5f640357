// float SVDF: a filter over features, whose last results are kept, and a filter over those.
//
//   y     f32 [batch, features / rank]     written; clamped to low..high
//   x     f32 [batch, size]
//   state f32 [batch, features, time]      oldest first; changed
//   wf    f32 [features, size], wt f32 [features, time], bias f32 [features / rank] or 0
export function svdf_f32(
  y: usize, x: usize, state: usize, wf: usize, wt: usize, bias: usize,
  batch: i32, size: i32, features: i32, time: i32, rank: i32, low: f32, high: f32,
): void {
  for (let b = 0; b < batch; b++, x += <usize>(size << 2)) {
    let w = wf, v = wt;
    for (let u = 0; u < features / rank; u++, y += 4) {
      let sum: f32 = bias ? load<f32>(bias + (u << 2)) : 0;
      for (let r = 0; r < rank; r++) {
        let fresh: f32 = 0;
        for (let k = 0; k < size; k++, w += 4) fresh += load<f32>(w) * load<f32>(x + (k << 2));
        memory.copy(state, state + 4, (time - 1) << 2);
        store<f32>(state + ((time - 1) << 2), fresh);
        for (let t = 0; t < time; t++, v += 4, state += 4) sum += load<f32>(v) * load<f32>(state);
      }
      store<f32>(y, max(low, min(high, sum)));
    }
  }
}
