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
  let o = 0;
  const row = c << 2;
  // Four vectors side by side: one sum alone waits for itself.
  for (; o <= row - 64; o += 64) {
    const m0 = mean_at(mean, o), m1 = mean_at(mean, o + 16), m2 = mean_at(mean, o + 32), m3 = mean_at(mean, o + 48);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let p = x + o, end = p + rows * row; p < end; p += row) {
      s0 = f32x4.add(s0, off(v128.load(p), m0, mean)); s1 = f32x4.add(s1, off(v128.load(p, 16), m1, mean));
      s2 = f32x4.add(s2, off(v128.load(p, 32), m2, mean)); s3 = f32x4.add(s3, off(v128.load(p, 48), m3, mean));
    }
    add_to(sums + o, s0); add_to(sums + o + 16, s1); add_to(sums + o + 32, s2); add_to(sums + o + 48, s3);
  }
  for (; o <= row - 16; o += 16) {
    const m = mean_at(mean, o);
    let s = f32x4.splat(0);
    for (let p = x + o, end = p + rows * row; p < end; p += row) s = f32x4.add(s, off(v128.load(p), m, mean));
    add_to(sums + o, s);
  }
  for (; o < row; o += 4) {
    const m = mean ? load<f32>(mean + o) : 0;
    let p = x + o, s: f32 = 0;
    for (let r = 0; r < rows; r++, p += row) {
      const d = load<f32>(p) - m;
      s += mean ? d * d : d;
    }
    store<f32>(sums + o, load<f32>(sums + o) + s);
  }
}

// @ts-ignore: decorator
@inline
function mean_at(mean: usize, o: i32): v128 {
  return mean ? v128.load(mean + o) : f32x4.splat(0);
}

// @ts-ignore: decorator
@inline
function off(x: v128, m: v128, squared: usize): v128 {
  const d = f32x4.sub(x, m);
  return squared ? f32x4.mul(d, d) : d;
}

// @ts-ignore: decorator
@inline
function add_to(sums: usize, s: v128): void {
  v128.store(sums, f32x4.add(v128.load(sums), s));
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
 * Adds to dx (`fresh`: it is written), dgamma, dbeta (each or 0). `batch`: the statistics were the batch's and the gradient passes through them.
 * scratch: f32 [2, c].
 */
export function batch_norm_grad_f32(
  dx: usize, dgamma: usize, dbeta: usize, dy: usize, x: usize, gamma: usize, saved: usize, scratch: usize, rows: i32, c: i32, batch: i32,
  fresh: i32,
): void {
  const sumG = scratch, sumGX = scratch + (c << 2), invStd = saved + (c << 2), n = <f32>rows;
  memory.fill(scratch, 0, c << 3);
  for (let from = 0; from < rows; from += BLOCK) {
    grad_block(sumG, sumGX, dy + from * c * 4, x + from * c * 4, saved, min(BLOCK, rows - from), c);
  }
  for (let o = 0; o < c << 2; o += 4) {
    if (dbeta) store<f32>(dbeta + o, load<f32>(dbeta + o) + load<f32>(sumG + o));
    if (dgamma) store<f32>(dgamma + o, load<f32>(dgamma + o) + load<f32>(sumGX + o));
  }
  if (!dx) return;
  const row = c << 2, whole = row & ~15, nv = f32x4.splat(n);
  for (let r = 0; r < rows; r++, dx += row, dy += row, x += row) {
    let o = 0;
    for (; o < whole; o += 16) {
      const k = v128.load(invStd + o);
      let g = v128.load(dy + o);
      if (batch) {
        const t = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(x + o), v128.load(saved + o)), k), v128.load(sumGX + o));
        g = f32x4.sub(g, f32x4.div(f32x4.add(v128.load(sumG + o), t), nv));
      }
      g = f32x4.mul(f32x4.mul(v128.load(gamma + o), k), g);
      v128.store(dx + o, fresh ? g : f32x4.add(v128.load(dx + o), g));
    }
    for (; o < row; o += 4) {
      const k = load<f32>(invStd + o);
      let g = load<f32>(dy + o);
      if (batch) g -= (load<f32>(sumG + o) + (load<f32>(x + o) - load<f32>(saved + o)) * k * load<f32>(sumGX + o)) / n;
      g *= load<f32>(gamma + o) * k;
      store<f32>(dx + o, fresh ? g : load<f32>(dx + o) + g);
    }
  }
}

/** Adds a block's sums of g and of g times the normalized x. */
function grad_block(sumG: usize, sumGX: usize, dy: usize, x: usize, saved: usize, rows: i32, c: i32): void {
  const row = c << 2, invStd = saved + row;
  let o = 0;
  for (; o <= row - 32; o += 32) {
    const m0 = v128.load(saved + o), m1 = v128.load(saved + o, 16), k0 = v128.load(invStd + o), k1 = v128.load(invStd + o, 16);
    let s0 = f32x4.splat(0), s1 = s0, t0 = s0, t1 = s0;
    for (let p = x + o, q = dy + o, end = p + rows * row; p < end; p += row, q += row) {
      const g0 = v128.load(q), g1 = v128.load(q, 16);
      s0 = f32x4.add(s0, g0); s1 = f32x4.add(s1, g1);
      t0 = f32x4.add(t0, f32x4.mul(g0, f32x4.mul(f32x4.sub(v128.load(p), m0), k0)));
      t1 = f32x4.add(t1, f32x4.mul(g1, f32x4.mul(f32x4.sub(v128.load(p, 16), m1), k1)));
    }
    add_to(sumG + o, s0); add_to(sumG + o + 16, s1); add_to(sumGX + o, t0); add_to(sumGX + o + 16, t1);
  }
  for (; o < row; o += 4) {
    const m = load<f32>(saved + o), k = load<f32>(invStd + o);
    let p = x + o, q = dy + o, s: f32 = 0, t: f32 = 0;
    for (let r = 0; r < rows; r++, p += row, q += row) {
      const g = load<f32>(q);
      s += g;
      t += g * ((load<f32>(p) - m) * k);
    }
    store<f32>(sumG + o, load<f32>(sumG + o) + s);
    store<f32>(sumGX + o, load<f32>(sumGX + o) + t);
  }
}
