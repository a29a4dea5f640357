// Elementary functions over arrays: y [n] = f(x [n]); y may be x. Error at most 2 ulp.
import { exp_s, exp_v, log_s, log_v, logistic_s, logistic_v, rsqrt_s, rsqrt_v, tanh_s, tanh_v } from "../math/exp_f32";

export function exp_f32(y: usize, x: usize, n: i32): void {
  let i = 0;
  for (; i <= n - 4; i += 4, x += 16, y += 16) v128.store(y, exp_v(v128.load(x)));
  for (; i < n; i++, x += 4, y += 4) store<f32>(y, exp_s(load<f32>(x)));
}

export function log_f32(y: usize, x: usize, n: i32): void {
  let i = 0;
  for (; i <= n - 4; i += 4, x += 16, y += 16) v128.store(y, log_v(v128.load(x)));
  for (; i < n; i++, x += 4, y += 4) store<f32>(y, log_s(load<f32>(x)));
}

export function tanh_f32(y: usize, x: usize, n: i32): void {
  let i = 0;
  for (; i <= n - 4; i += 4, x += 16, y += 16) v128.store(y, tanh_v(v128.load(x)));
  for (; i < n; i++, x += 4, y += 4) store<f32>(y, tanh_s(load<f32>(x)));
}

export function logistic_f32(y: usize, x: usize, n: i32): void {
  let i = 0;
  for (; i <= n - 4; i += 4, x += 16, y += 16) v128.store(y, logistic_v(v128.load(x)));
  for (; i < n; i++, x += 4, y += 4) store<f32>(y, logistic_s(load<f32>(x)));
}

export function rsqrt_f32(y: usize, x: usize, n: i32): void {
  let i = 0;
  for (; i <= n - 4; i += 4, x += 16, y += 16) v128.store(y, rsqrt_v(v128.load(x)));
  for (; i < n; i++, x += 4, y += 4) store<f32>(y, rsqrt_s(load<f32>(x)));
}
