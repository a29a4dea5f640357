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

/**
 * Gradients, each ADDED to or 0; `state` as the forward step left it, and dstate of what it was before. dy counts where low < y < high;
 * `dnext` [batch, features, time] is what later calls made of `state`, or 0.
 */
export function svdf_grad_f32(
  dx: usize, dwf: usize, dwt: usize, dbias: usize, dstate: usize, dy: usize, dnext: usize, y: usize, x: usize, state: usize, wf: usize, wt: usize,
  batch: i32, size: i32, features: i32, time: i32, rank: i32, low: f32, high: f32,
): void {
  const last = (time - 1) << 2, row = size << 2, kept = time << 2;
  for (let b = 0; b < batch; b++) {
    for (let f = 0; f < features; f++) {
      const at = <usize>((b * features + f) * kept), v = wt + f * kept, w = wf + f * row;
      const u = <usize>((b * (features / rank) + f / rank) << 2), made = load<f32>(y + u);
      const d: f32 = made > low && made < high ? load<f32>(dy + u) : 0;
      if (dbias && f % rank == 0) add(dbias + ((f / rank) << 2), d);
      const fresh = d * load<f32>(v + last) + (dnext ? load<f32>(dnext + at + last) : 0);
      for (let o: usize = 0; o < <usize>row; o += 4) {
        if (dx) add(dx + b * row + o, fresh * load<f32>(w + o));
        if (dwf) add(dwf + f * row + o, fresh * load<f32>(x + b * row + o));
      }
      for (let o: usize = 0; o < <usize>kept; o += 4) {
        if (dwt) add(dwt + f * kept + o, d * load<f32>(state + at + o));
        if (dstate && o < <usize>last) add(dstate + at + o + 4, d * load<f32>(v + o) + (dnext ? load<f32>(dnext + at + o) : 0));
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function add(to: usize, value: f32): void {
  store<f32>(to, load<f32>(to) + value);
}
