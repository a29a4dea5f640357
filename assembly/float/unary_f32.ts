// Functions of one value and their gradients, which are added to dx. y may be x in the forward pass.
//
//   kind 0 |x|, 1 sqrt(x), 2 1 / sqrt(x), 3 exp(x), 4 x above 0 and exp(x) - 1 below (elu), 5 x Phi(x) (gelu), 6 gelu by tanh
import { exp_s, tanh_s } from "../math/exp_f32";

/** Error function, Abramowitz and Stegun 7.1.26: absolute error below 2e-7. */
// @ts-ignore: decorator
@inline
function erf_s(x: f32): f32 {
  const a = abs(x), t = <f32>1 / (<f32>1 + <f32>0.3275911 * a);
  const p = ((((<f32>1.061405429 * t - <f32>1.453152027) * t + <f32>1.421413741) * t - <f32>0.284496736) * t + <f32>0.254829592) * t;
  const e = <f32>1 - p * exp_s(-a * a);
  return x < 0 ? -e : e;
}

/** exp(x) - 1; by its series near 0, where the difference would lose digits. */
// @ts-ignore: decorator
@inline
function expm1_s(x: f32): f32 {
  if (x < -0.5 || x > 0.5) return exp_s(x) - 1;
  let s: f32 = 1;
  for (let k: f32 = 8; k > 1; k--) s = <f32>1 + (x * s) / k;
  return x * s;
}

const ROOT_HALF: f32 = 0.70710678118654752;
const SLOPE: f32 = 0.79788456080286536; // sqrt(2 / pi)
const CUBIC: f32 = 0.044715;

// @ts-ignore: decorator
@inline
function value(x: f32, kind: i32): f32 {
  if (kind == 0) return abs(x);
  if (kind == 1) return sqrt(x);
  if (kind == 2) return <f32>1 / sqrt(x);
  if (kind == 3) return exp_s(x);
  if (kind == 4) return x < 0 ? expm1_s(x) : x;
  if (kind == 5) return <f32>0.5 * x * (<f32>1 + erf_s(x * ROOT_HALF));
  return <f32>0.5 * x * (<f32>1 + tanh_s(SLOPE * (x + CUBIC * x * x * x)));
}

// @ts-ignore: decorator
@inline
function slope(x: f32, kind: i32): f32 {
  if (kind == 0) return x > 0 ? 1 : x < 0 ? -1 : 0;
  if (kind == 1) return <f32>0.5 / sqrt(x);
  if (kind == 2) return <f32>-0.5 / (x * sqrt(x));
  if (kind == 3) return exp_s(x);
  if (kind == 4) return x < 0 ? exp_s(x) : 1;
  if (kind == 5) {
    const density = <f32>0.5 * ROOT_HALF * <f32>1.1283791670955126 * exp_s(<f32>-0.5 * x * x);
    return <f32>0.5 * (<f32>1 + erf_s(x * ROOT_HALF)) + x * density;
  }
  const t = tanh_s(SLOPE * (x + CUBIC * x * x * x));
  return <f32>0.5 * (<f32>1 + t) + <f32>0.5 * x * (<f32>1 - t * t) * SLOPE * (<f32>1 + <f32>3 * CUBIC * x * x);
}

export function unary_f32(y: usize, x: usize, n: i32, kind: i32): void {
  for (let i = 0; i < n; i++, x += 4, y += 4) store<f32>(y, value(load<f32>(x), kind));
}

export function unary_grad_f32(dx: usize, dy: usize, x: usize, n: i32, kind: i32): void {
  for (let i = 0; i < n; i++, x += 4, dx += 4, dy += 4) {
    store<f32>(dx, load<f32>(dx) + load<f32>(dy) * slope(load<f32>(x), kind));
  }
}
