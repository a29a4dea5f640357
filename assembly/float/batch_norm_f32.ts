// Batch normalization over rows: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta.
//
//   y, x           f32 [rows, c]; y may be x
//   gamma, beta, mean, variance f32 [c]
//   saved          f32 [2, c]  mean and 1 / sqrt(variance + epsilon) that the forward pass used
//
// Sums run over blocks of 64 rows, then over blocks: closer than one long sum, and always in this order.
const BLOCK: i32 = 64;

/** saved from running averages. */
export function batch_norm_fixed_f32(saved: usize, mean: usize, variance: usize, c: i32, epsilon: f32): void {
  for (let j = 0; j < c; j++) {
    store<f32>(saved + (j << 2), load<f32>(mean + (j << 2)));
    store<f32>(saved + ((c + j) << 2), <f32>1 / sqrt<f32>(load<f32>(variance + (j << 2)) + epsilon));
  }
}

/** saved from the batch; running averages move towards it: mean = keep * mean + (1 - keep) * batch mean (variance: unbiased). */
export function batch_norm_batch_f32(
  saved: usize, mean: usize, variance: usize, x: usize, rows: i32, c: i32, epsilon: f32, keep: f32,
): void {
  const n = <f32>rows, invStd = saved + (c << 2), move = <f32>1 - keep;
  memory.fill(saved, 0, c << 3);
  for (let from = 0; from < rows; from += BLOCK) add_block(saved, x + from * c * 4, 0, min(BLOCK, rows - from), c);
  for (let j = 0; j < c; j++) store<f32>(saved + (j << 2), load<f32>(saved + (j << 2)) / n);
  for (let from = 0; from < rows; from += BLOCK) add_block(invStd, x + from * c * 4, saved, min(BLOCK, rows - from), c);
  for (let j = 0; j < c; j++) {
    const o = j << 2, v = load<f32>(invStd + o) / n;
    store<f32>(mean + o, keep * load<f32>(mean + o) + move * load<f32>(saved + o));
    store<f32>(variance + o, keep * load<f32>(variance + o) + move * (rows > 1 ? (v * n) / (n - 1) : v));
    store<f32>(invStd + o, <f32>1 / sqrt<f32>(v + epsilon));
  }
}

/** sums [c] += the sum of a block's rows, or with `mean` of (row - mean)^2. */
function add_block(sums: usize, x: usize, mean: usize, rows: i32, c: i32): void {
  let j = 0;
  for (; j <= c - 4; j += 4) {
    const o = j << 2, m = mean ? v128.load(mean + o) : f32x4.splat(0);
    let p = x + o, s = f32x4.splat(0);
    for (let r = 0; r < rows; r++, p += c << 2) {
      const d = f32x4.sub(v128.load(p), m);
      s = f32x4.add(s, mean ? f32x4.mul(d, d) : d);
    }
    v128.store(sums + o, f32x4.add(v128.load(sums + o), s));
  }
  for (; j < c; j++) {
    const o = j << 2, m = mean ? load<f32>(mean + o) : 0;
    let p = x + o, s: f32 = 0;
    for (let r = 0; r < rows; r++, p += c << 2) {
      const d = load<f32>(p) - m;
      s += mean ? d * d : d;
    }
    store<f32>(sums + o, load<f32>(sums + o) + s);
  }
}

/** y = (x - mean) * (invStd * gamma) + beta. */
export function batch_norm_f32(y: usize, x: usize, gamma: usize, beta: usize, saved: usize, rows: i32, c: i32): void {
  for (let r = 0; r < rows; r++, x += c << 2, y += c << 2) {
    let j = 0;
    for (; j <= c - 4; j += 4) {
      const o = j << 2, k = f32x4.mul(v128.load(saved + ((c + j) << 2)), v128.load(gamma + o));
      v128.store(y + o, f32x4.add(f32x4.mul(f32x4.sub(v128.load(x + o), v128.load(saved + o)), k), v128.load(beta + o)));
    }
    for (; j < c; j++) {
      const o = j << 2, k = load<f32>(saved + ((c + j) << 2)) * load<f32>(gamma + o);
      store<f32>(y + o, (load<f32>(x + o) - load<f32>(saved + o)) * k + load<f32>(beta + o));
    }
  }
}

/**
 * Adds to dx, dgamma, dbeta (each or 0). `batch`: the statistics were the batch's and the gradient passes through them.
 * scratch: f32 [2, c].
 */
export function batch_norm_grad_f32(
  dx: usize, dgamma: usize, dbeta: usize, dy: usize, x: usize, gamma: usize, saved: usize, scratch: usize, rows: i32, c: i32, batch: i32,
): void {
  const sumG = scratch, sumGX = scratch + (c << 2), invStd = saved + (c << 2), n = <f32>rows;
  memory.fill(scratch, 0, c << 3);
  for (let from = 0; from < rows; from += BLOCK) {
    const count = min(BLOCK, rows - from);
    for (let j = 0; j < c; j++) {
      const o = j << 2, m = load<f32>(saved + o), k = load<f32>(invStd + o);
      let p = x + from * c * 4 + o, q = dy + from * c * 4 + o, s: f32 = 0, t: f32 = 0;
      for (let r = 0; r < count; r++, p += c << 2, q += c << 2) {
        const g = load<f32>(q);
        s += g;
        t += g * ((load<f32>(p) - m) * k);
      }
      store<f32>(sumG + o, load<f32>(sumG + o) + s);
      store<f32>(sumGX + o, load<f32>(sumGX + o) + t);
    }
  }
  for (let j = 0; j < c; j++) {
    const o = j << 2;
    if (dbeta) store<f32>(dbeta + o, load<f32>(dbeta + o) + load<f32>(sumG + o));
    if (dgamma) store<f32>(dgamma + o, load<f32>(dgamma + o) + load<f32>(sumGX + o));
  }
  if (!dx) return;
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < c; j++, dx += 4, dy += 4, x += 4) {
      const o = j << 2, k = load<f32>(invStd + o);
      let g = load<f32>(dy);
      if (batch) g -= (load<f32>(sumG + o) + (load<f32>(x) - load<f32>(saved + o)) * k * load<f32>(sumGX + o)) / n;
      store<f32>(dx, load<f32>(dx) + load<f32>(gamma + o) * k * g);
    }
  }
}
