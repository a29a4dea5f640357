// Losses with their gradients in one pass. One loss for each row; the gradient is `scale` times the derivative and is added to dx.
//
//   loss f32 [rows]     written
//   dx   f32 [rows, n]  added to, or 0
//   x    f32 [rows, n]
import { exp_s, exp_v, log_s, logistic_s } from "../math/exp_f32";
import { sum_lanes } from "../math/lanes";

/** The largest of n values. */
function row_max(x: usize, n: i32): f32 {
  let m: f32 = -Infinity;
  for (let i = 0; i < n; i++, x += 4) m = max(m, load<f32>(x));
  return m;
}

/** Sum of exp((x - m) * k). */
function sum_exp(x: usize, n: i32, m: f32, k: f32): f32 {
  const mv = f32x4.splat(m), kv = f32x4.splat(k);
  let s = f32x4.splat(0), i = 0;
  for (; i <= n - 4; i += 4, x += 16) s = f32x4.add(s, exp_v(f32x4.mul(f32x4.sub(v128.load(x), mv), kv)));
  let sum = sum_lanes(s);
  for (; i < n; i++, x += 4) sum += exp_s((load<f32>(x) - m) * k);
  return sum;
}

/**
 * Cross entropy of softmax(x) against `labels`: i32 [rows] of classes, or with `dense` f32 [rows, n] of probabilities.
 * The target is (1 - smoothing) * label + smoothing / n.
 */
export function softmax_cross_entropy_f32(
  loss: usize, dx: usize, x: usize, labels: usize, dense: i32, rows: i32, n: i32, smoothing: f32, scale: f32,
): void {
  const base = smoothing / <f32>n, keep = <f32>1 - smoothing;
  for (let r = 0; r < rows; r++, loss += 4, x += n << 2) {
    const m = row_max(x, n), sum = sum_exp(x, n, m, 1), logSum = log_s(sum);
    const label = dense ? 0 : load<i32>(labels + (r << 2));
    let total: f32 = 0;
    for (let i = 0; i < n; i++) {
      const t = base + keep * (dense ? load<f32>(labels + ((r * n + i) << 2)) : i == label ? <f32>1 : <f32>0);
      const z = load<f32>(x + (i << 2)) - m;
      if (t != 0) total += t * (logSum - z);
      if (dx) store<f32>(dx + (i << 2), load<f32>(dx + (i << 2)) + scale * (exp_s(z) / sum - t));
    }
    store<f32>(loss, total);
    if (dx) dx += n << 2;
  }
}

/** T^2 * KL(softmax(teacher / T) || softmax(x / T)): Hinton's soft targets, whose gradient keeps its size at any T. */
export function kl_divergence_f32(
  loss: usize, dx: usize, x: usize, teacher: usize, rows: i32, n: i32, temperature: f32, scale: f32,
): void {
  const k = <f32>1 / temperature;
  for (let r = 0; r < rows; r++, loss += 4, x += n << 2, teacher += n << 2) {
    const m = row_max(x, n), sum = sum_exp(x, n, m, k), logSum = log_s(sum);
    const mt = row_max(teacher, n), sumT = sum_exp(teacher, n, mt, k), logSumT = log_s(sumT);
    let total: f32 = 0;
    for (let i = 0; i < n; i++) {
      const z = (load<f32>(x + (i << 2)) - m) * k, zt = (load<f32>(teacher + (i << 2)) - mt) * k;
      const p = exp_s(zt) / sumT;
      total += p * (zt - logSumT - (z - logSum));
      if (dx) store<f32>(dx + (i << 2), load<f32>(dx + (i << 2)) + scale * temperature * (exp_s(z) / sum - p));
    }
    store<f32>(loss, total * temperature * temperature);
    if (dx) dx += n << 2;
  }
}

/** Mean over the row of (x - target)^2. */
export function mse_f32(loss: usize, dx: usize, x: usize, target: usize, rows: i32, n: i32, scale: f32): void {
  const k = <f32>2 * scale / <f32>n, kv = f32x4.splat(k);
  for (let r = 0; r < rows; r++, loss += 4) {
    let s = f32x4.splat(0), i = 0;
    for (; i <= n - 4; i += 4, x += 16, target += 16) {
      const d = f32x4.sub(v128.load(x), v128.load(target));
      s = f32x4.add(s, f32x4.mul(d, d));
      if (dx) {
        v128.store(dx, f32x4.add(v128.load(dx), f32x4.mul(kv, d)));
        dx += 16;
      }
    }
    let sum = sum_lanes(s);
    for (; i < n; i++, x += 4, target += 4) {
      const d = load<f32>(x) - load<f32>(target);
      sum += d * d;
      if (dx) {
        store<f32>(dx, load<f32>(dx) + k * d);
        dx += 4;
      }
    }
    store<f32>(loss, sum / <f32>n);
  }
}

/** 1 - cos(x, target); 1 where either is zero. */
export function cosine_f32(loss: usize, dx: usize, x: usize, target: usize, rows: i32, n: i32, scale: f32): void {
  for (let r = 0; r < rows; r++, loss += 4, x += n << 2, target += n << 2) {
    let xx: f32 = 0, tt: f32 = 0, xt: f32 = 0;
    for (let i = 0; i < n; i++) {
      const a = load<f32>(x + (i << 2)), b = load<f32>(target + (i << 2));
      xx += a * a;
      tt += b * b;
      xt += a * b;
    }
    const size = sqrt<f32>(xx) * sqrt<f32>(tt), cos = size > 0 ? xt / size : 0;
    store<f32>(loss, <f32>1 - cos);
    if (!dx) continue;
    if (size > 0) {
      // d cos / dx = target / (|x| |target|) - cos * x / |x|^2
      for (let i = 0; i < n; i++) {
        const g = load<f32>(target + (i << 2)) / size - cos * load<f32>(x + (i << 2)) / xx;
        store<f32>(dx + (i << 2), load<f32>(dx + (i << 2)) - scale * g);
      }
    }
    dx += n << 2;
  }
}

/** log(1 + exp(z)), without overflow. */
// @ts-ignore: decorator
@inline
function softplus(z: f32): f32 {
  return max<f32>(z, 0) + log_s(<f32>1 + exp_s(-abs<f32>(z)));
}

/**
 * Mean over the row of the binary cross entropy of sigmoid(x) against `target`, f32 [rows, n], 0..1.
 * The target is (1 - smoothing) * target + smoothing / 2.
 */
export function sigmoid_cross_entropy_f32(
  loss: usize, dx: usize, x: usize, target: usize, rows: i32, n: i32, smoothing: f32, scale: f32,
): void {
  const keep = <f32>1 - smoothing, base = smoothing * <f32>0.5, k = scale / <f32>n;
  for (let r = 0; r < rows; r++, loss += 4) {
    let total: f32 = 0;
    for (let i = 0; i < n; i++, x += 4, target += 4) {
      const z = load<f32>(x), t = base + keep * load<f32>(target);
      total += softplus(z) - z * t;
      if (!dx) continue;
      store<f32>(dx, load<f32>(dx) + k * (logistic_s(z) - t));
      dx += 4;
    }
    store<f32>(loss, total / <f32>n);
  }
}

/** Mean over the row of T^2 * KL(sigmoid(teacher / T) || sigmoid(x / T)), each value a yes or no of its own. */
export function sigmoid_divergence_f32(
  loss: usize, dx: usize, x: usize, teacher: usize, rows: i32, n: i32, temperature: f32, scale: f32,
): void {
  const k = <f32>1 / temperature, slope = scale * temperature / <f32>n;
  for (let r = 0; r < rows; r++, loss += 4) {
    let total: f32 = 0;
    for (let i = 0; i < n; i++, x += 4, teacher += 4) {
      const z = load<f32>(x) * k, zt = load<f32>(teacher) * k, p = logistic_s(zt);
      total += p * (softplus(-z) - softplus(-zt)) + (<f32>1 - p) * (softplus(z) - softplus(zt));
      if (!dx) continue;
      store<f32>(dx, load<f32>(dx) + slope * (logistic_s(z) - p));
      dx += 4;
    }
    store<f32>(loss, total * temperature * temperature / <f32>n);
  }
}
