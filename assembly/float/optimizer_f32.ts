// Optimizer steps, each in one pass over the parameters.
//
//   w  f32 [n]  changed
//   dw f32 [n]  gradient; multiplied by `scale` (clipping) when read, and cleared for the next step
//   m, v f32 [n] state, zero before the first step

/** v = momentum * v + g, then w -= rate * v, or with `nesterov` w -= rate * (g + momentum * v); g = dw * scale + decay * w. */
export function sgd_step_f32(
  w: usize, dw: usize, v: usize, n: i32, rate: f32, momentum: f32, nesterov: i32, decay: f32, scale: f32,
): void {
  for (let i = 0; i < n; i++, w += 4, dw += 4, v += 4) {
    const old = load<f32>(w), g = load<f32>(dw) * scale + decay * old, u = momentum * load<f32>(v) + g;
    store<f32>(v, u);
    store<f32>(w, old - rate * (nesterov ? g + momentum * u : u));
    store<f32>(dw, 0);
  }
}

/**
 * Adam (Kingma and Ba, 2015): m and v are running means of g and g^2, and w -= rate * (m / c1) / (sqrt(v / c2) + epsilon), where
 * c1 = 1 - beta1^t and c2 = 1 - beta2^t for step t. `decay` is added to the gradient; `decoupled` (AdamW) shrinks w by rate * decoupled.
 */
export function adam_step_f32(
  w: usize, dw: usize, m: usize, v: usize, n: i32, rate: f32, beta1: f32, beta2: f32, epsilon: f32, c1: f32, c2: f32,
  decay: f32, decoupled: f32, scale: f32,
): void {
  const b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2), n1 = f32x4.splat(<f32>1 - beta1), n2 = f32x4.splat(<f32>1 - beta2);
  const step = f32x4.splat(rate / c1), root = f32x4.splat(<f32>1 / c2), e = f32x4.splat(epsilon), s = f32x4.splat(scale);
  const l2 = f32x4.splat(decay), shrink = f32x4.splat(<f32>1 - rate * decoupled), zero = f32x4.splat(0);
  let i = 0;
  for (; i <= n - 4; i += 4, w += 16, dw += 16, m += 16, v += 16) {
    const old = v128.load(w), g = f32x4.add(f32x4.mul(v128.load(dw), s), f32x4.mul(l2, old));
    const a = f32x4.add(f32x4.mul(b1, v128.load(m)), f32x4.mul(n1, g));
    const b = f32x4.add(f32x4.mul(b2, v128.load(v)), f32x4.mul(n2, f32x4.mul(g, g)));
    v128.store(m, a);
    v128.store(v, b);
    const by = f32x4.add(f32x4.sqrt(f32x4.mul(b, root)), e);
    v128.store(w, f32x4.sub(f32x4.mul(old, shrink), f32x4.div(f32x4.mul(step, a), by)));
    v128.store(dw, zero);
  }
  for (; i < n; i++, w += 4, dw += 4, m += 4, v += 4) {
    const old = load<f32>(w), g = load<f32>(dw) * scale + decay * old;
    const a = beta1 * load<f32>(m) + (<f32>1 - beta1) * g, b = beta2 * load<f32>(v) + (<f32>1 - beta2) * (g * g);
    store<f32>(m, a);
    store<f32>(v, b);
    store<f32>(w, old * (<f32>1 - rate * decoupled) - (rate / c1) * a / (sqrt<f32>(b * (<f32>1 / c2)) + epsilon));
    store<f32>(dw, 0);
  }
}

/** Sum of x^2, kept in float64. */
export function sum_squares_f32(x: usize, n: i32): f64 {
  let a = f64x2.splat(0), b = f64x2.splat(0), i = 0;
  for (; i <= n - 4; i += 4, x += 16) {
    const v = v128.load(x), low = f64x2.promote_low_f32x4(v), high = f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0));
    a = f64x2.add(a, f64x2.mul(low, low));
    b = f64x2.add(b, f64x2.mul(high, high));
  }
  const s = f64x2.add(a, b);
  let sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  for (; i < n; i++, x += 4) sum += <f64>load<f32>(x) * <f64>load<f32>(x);
  return sum;
}

/** average += share * (w - average). */
export function ema_step_f32(average: usize, w: usize, n: i32, share: f32): void {
  const k = f32x4.splat(share);
  let i = 0;
  for (; i <= n - 4; i += 4, average += 16, w += 16) {
    const a = v128.load(average);
    v128.store(average, f32x4.add(a, f32x4.mul(k, f32x4.sub(v128.load(w), a))));
  }
  for (; i < n; i++, average += 4, w += 4) {
    const a = load<f32>(average);
    store<f32>(average, a + share * (load<f32>(w) - a));
  }
}

/** w = 0 where mask (u8 [n]) is 0. */
export function apply_mask_f32(w: usize, mask: usize, n: i32): void {
  for (let i = 0; i < n; i++, w += 4, mask++) if (!load<u8>(mask)) store<f32>(w, 0);
}

/**
 * Step sizes s [n] (LSQ) moved by what an optimizer made of z [n], which began at 0 and is cleared: s += z, or s *= 1 + z with `relative`.
 * They stay above 0: one step at most halves them, and none goes below the smallest normal number.
 */
export function move_step_sizes_f32(s: usize, z: usize, n: i32, relative: i32): void {
  for (let i = 0; i < n; i++, s += 4, z += 4) {
    const old = load<f32>(s), by = load<f32>(z);
    store<f32>(s, max(max(relative ? old + old * by : old + by, old * 0.5), f32.MIN_NORMAL_VALUE));
    store<f32>(z, 0);
  }
}
