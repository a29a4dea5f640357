// Mean or sum over the middle axis.
//
//   y f32 [outer, inner]     written: the sum by `k`
//   x f32 [outer, n, inner]

export function mean_f32(y: usize, x: usize, outer: i32, n: i32, inner: i32, k: f32): void {
  for (let o = 0; o < outer; o++, x += (n * inner) << 2, y += inner << 2) {
    let j = 0;
    for (; j <= inner - 4; j += 4) {
      let p = x + (j << 2), s = f32x4.splat(0);
      for (let i = 0; i < n; i++, p += inner << 2) s = f32x4.add(s, v128.load(p));
      v128.store(y + (j << 2), f32x4.div(s, f32x4.splat(k)));
    }
    for (; j < inner; j++) {
      let p = x + (j << 2), s: f32 = 0;
      for (let i = 0; i < n; i++, p += inner << 2) s += load<f32>(p);
      store<f32>(y + (j << 2), s / k);
    }
  }
}

/** dx += dy / k, the same for all n. */
export function mean_grad_f32(dx: usize, dy: usize, outer: i32, n: i32, inner: i32, k: f32): void {
  const kv = f32x4.splat(k);
  for (let o = 0; o < outer; o++, dy += inner << 2) {
    for (let i = 0; i < n; i++) {
      let j = 0;
      for (; j <= inner - 4; j += 4, dx += 16) v128.store(dx, f32x4.add(v128.load(dx), f32x4.div(v128.load(dy + (j << 2)), kv)));
      for (; j < inner; j++, dx += 4) store<f32>(dx, load<f32>(dx) + load<f32>(dy + (j << 2)) / k);
    }
  }
}
