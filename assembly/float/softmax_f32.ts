// Softmax over rows.
//
//   y f32 [rows, n]  written: exp(beta * (x - max)) / sum; may be x
//   x f32 [rows, n]
import { exp_s, exp_v, log_s } from "../math/exp_f32";
import { sum_lanes } from "../math/lanes";

export function softmax_f32(y: usize, x: usize, rows: i32, n: i32, beta: f32): void {
  const b = f32x4.splat(beta);
  for (let r = 0; r < rows; r++, x += n << 2, y += n << 2) {
    let m: f32 = -Infinity;
    for (let i = 0; i < n; i++) m = max(m, load<f32>(x + (i << 2)));
    const mv = f32x4.splat(m);
    let s = f32x4.splat(0), i = 0;
    for (; i <= n - 4; i += 4) {
      const e = exp_v(f32x4.mul(f32x4.sub(v128.load(x + (i << 2)), mv), b));
      s = f32x4.add(s, e);
      v128.store(y + (i << 2), e);
    }
    let sum = sum_lanes(s);
    for (; i < n; i++) {
      const e = exp_s((load<f32>(x + (i << 2)) - m) * beta);
      sum += e;
      store<f32>(y + (i << 2), e);
    }
    for (let i = 0; i < n; i++) store<f32>(y + (i << 2), load<f32>(y + (i << 2)) / sum);
  }
}

/** dx += beta * y * (dy - sum of dy * y). */
export function softmax_grad_f32(dx: usize, dy: usize, y: usize, rows: i32, n: i32, beta: f32): void {
  for (let r = 0; r < rows; r++, dx += n << 2, dy += n << 2, y += n << 2) {
    let dot: f32 = 0;
    for (let i = 0; i < n; i++) dot += load<f32>(dy + (i << 2)) * load<f32>(y + (i << 2));
    for (let i = 0; i < n; i++) {
      const o = i << 2;
      store<f32>(dx + o, load<f32>(dx + o) + beta * load<f32>(y + o) * (load<f32>(dy + o) - dot));
    }
  }
}

/** y = x - max - log(sum of exp(x - max)) over rows; may be x. */
export function log_softmax_f32(y: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++, x += n << 2, y += n << 2) {
    let m: f32 = -Infinity, sum: f32 = 0;
    for (let i = 0; i < n; i++) m = max(m, load<f32>(x + (i << 2)));
    for (let i = 0; i < n; i++) sum += exp_s(load<f32>(x + (i << 2)) - m);
    const log = log_s(sum);
    for (let i = 0; i < n; i++) store<f32>(y + (i << 2), load<f32>(x + (i << 2)) - m - log);
  }
}

/** dx += dy - exp(y) * sum of dy. */
export function log_softmax_grad_f32(dx: usize, dy: usize, y: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++, dx += n << 2, dy += n << 2, y += n << 2) {
    let sum: f32 = 0;
    for (let i = 0; i < n; i++) sum += load<f32>(dy + (i << 2));
    for (let i = 0; i < n; i++) {
      const o = i << 2;
      store<f32>(dx + o, load<f32>(dx + o) + load<f32>(dy + o) - exp_s(load<f32>(y + o)) * sum);
    }
  }
}
