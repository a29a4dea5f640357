// Activations over n values and their gradients, which are added to dx. y may be x in the forward pass.
import { clamp_s, clamp_v, mask_row } from "../math/activation_f32";

/** y = clamp(x): relu 0..infinity, relu6 0..6. */
export function clamp_f32(y: usize, x: usize, n: i32, low: f32, high: f32): void {
  const l = f32x4.splat(low), h = f32x4.splat(high);
  let i = 0;
  for (; i <= n - 4; i += 4, x += 16, y += 16) v128.store(y, clamp_v(v128.load(x), l, h));
  for (; i < n; i++, x += 4, y += 4) store<f32>(y, clamp_s(load<f32>(x), low, high));
}

/** dx += dy where low < y < high; `fresh`: dx is written. */
export function clamp_grad_f32(dx: usize, dy: usize, y: usize, n: i32, low: f32, high: f32, fresh: i32): void {
  if (fresh) {
    mask_row(dx, dy, y, n, low, high);
    return;
  }
  const l = f32x4.splat(low), h = f32x4.splat(high);
  let i = 0;
  for (; i <= n - 4; i += 4, dx += 16, dy += 16, y += 16) {
    const v = v128.load(y), g = v128.and(v128.load(dy), v128.and(f32x4.gt(v, l), f32x4.lt(v, h)));
    v128.store(dx, f32x4.add(v128.load(dx), g));
  }
  for (; i < n; i++, dx += 4, dy += 4, y += 4) {
    if (load<f32>(y) > low && load<f32>(y) < high) store<f32>(dx, load<f32>(dx) + load<f32>(dy));
  }
}

/** y = x above 0, alpha * x elsewhere. */
export function leaky_relu_f32(y: usize, x: usize, n: i32, alpha: f32): void {
  for (let i = 0; i < n; i++, x += 4, y += 4) {
    const v = load<f32>(x);
    store<f32>(y, v > 0 ? v : alpha * v);
  }
}

export function leaky_relu_grad_f32(dx: usize, dy: usize, x: usize, n: i32, alpha: f32): void {
  for (let i = 0; i < n; i++, dx += 4, dy += 4, x += 4) {
    store<f32>(dx, load<f32>(dx) + (load<f32>(x) > 0 ? load<f32>(dy) : alpha * load<f32>(dy)));
  }
}

/** y = x * clamp(x + 3, 0, 6) / 6. */
export function hard_swish_f32(y: usize, x: usize, n: i32): void {
  for (let i = 0; i < n; i++, x += 4, y += 4) {
    const v = load<f32>(x);
    store<f32>(y, (v * clamp_s(v + 3, 0, 6)) / 6);
  }
}

export function hard_swish_grad_f32(dx: usize, dy: usize, x: usize, n: i32): void {
  for (let i = 0; i < n; i++, dx += 4, dy += 4, x += 4) {
    const v = load<f32>(x), slope: f32 = v <= -3 ? 0 : v >= 3 ? 1 : (<f32>2 * v + 3) / 6;
    store<f32>(dx, load<f32>(dx) + slope * load<f32>(dy));
  }
}

/** dx += dy * y * (1 - y). */
export function logistic_grad_f32(dx: usize, dy: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i++, dx += 4, dy += 4, y += 4) {
    const v = load<f32>(y);
    store<f32>(dx, load<f32>(dx) + load<f32>(dy) * (v * (<f32>1 - v)));
  }
}

/** dx += dy * (1 - y^2). */
export function tanh_grad_f32(dx: usize, dy: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i++, dx += 4, dy += 4, y += 4) {
    const v = load<f32>(y);
    store<f32>(dx, load<f32>(dx) + load<f32>(dy) * (<f32>1 - v * v));
  }
}
