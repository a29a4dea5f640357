// Columns of a least-squares problem taken away in units, one after another, as the optimal brain surgeon does.
//
//   m       f64 [n, n + out]  the inverse P of the products of all pairs of columns, and beside each of its rows the weights of that column
//   columns i32               of all units, one after another
//   starts  i32 [units + 1]   where the columns of each unit begin in `columns`
//   units   i32 [count]       those that are left
//   scratch eliminate_scratch_f64 bytes
import { cholesky_f64 } from "./cholesky_f64";
import { LANES, forward } from "./triangular";

/** Scratch bytes of both, for units of at most `k` columns. */
export function eliminate_scratch_f64(n: i32, out: i32, k: i32): i32 {
  return ((k * k + k * (n + out) + k) << 3) + k * LANES;
}

/** The factor of P among the columns of a unit. */
function factor_among(l: usize, m: usize, row: i32, columns: usize, k: i32, scratch: usize): void {
  for (let i = 0, p = l; i < k; i++) {
    const from = m + load<i32>(columns + (i << 2)) * row;
    for (let j = 0; j < k; j++, p += 8) store<f64>(p, load<f64>(from + (load<i32>(columns + (j << 2)) << 3)));
  }
  cholesky_f64(l, k, scratch);
}

/** costs f64 [count]: what the loss of each unit left adds to the squared error of all outputs, w' inverse(P) w among its columns. */
export function eliminate_costs_f64(
  costs: usize, m: usize, n: i32, out: i32, columns: usize, starts: usize, units: usize, count: i32, scratch: usize,
): void {
  const row = (n + out) << 3;
  for (let u = 0; u < count; u++, costs += 8) {
    const unit = starts + (load<i32>(units + (u << 2)) << 2), first = load<i32>(unit), k = load<i32>(unit, 4) - first;
    store<f64>(costs, k == 0 ? 0 : cost_of(m, row, n, out, columns + (first << 2), k, scratch));
  }
}

function cost_of(m: usize, row: i32, n: i32, out: i32, columns: usize, k: i32, scratch: usize): f64 {
  const weights = m + (n << 3), whole = out & ~7, l = scratch, y = scratch + ((k * k) << 3);
  if (k == 1) {
    const p = load<i32>(columns), from = weights + p * row;
    return (sum_of_squares(from, whole >> 3) + rest(from, whole, out)) / load<f64>(m + p * row + (p << 3));
  }
  factor_among(l, m, row, columns, k, y);
  let cost: f64 = 0;
  for (let o = 0; o < out; o += 8) {
    for (let i = 0, p = y; i < k; i++, p += LANES) {
      const from = weights + load<i32>(columns + (i << 2)) * row + (o << 3);
      if (o < whole) {
        v128.store(p, v128.load(from)); v128.store(p, v128.load(from, 16), 16);
        v128.store(p, v128.load(from, 32), 32); v128.store(p, v128.load(from, 48), 48);
      } else for (let r = 0; r < 8; r++) store<f64>(p + (r << 3), r < out - o ? load<f64>(from + (r << 3)) : 0);
    }
    forward(l, k << 3, k, y, 0);
    cost += sum_of_squares(y, k);
  }
  return cost;
}

/** Of y [k][8]. */
function sum_of_squares(y: usize, k: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (const end = y + k * LANES; y < end; y += LANES) {
    const v0 = v128.load(y), v1 = v128.load(y, 16), v2 = v128.load(y, 32), v3 = v128.load(y, 48);
    s0 = f64x2.add(s0, f64x2.mul(v0, v0)); s1 = f64x2.add(s1, f64x2.mul(v1, v1));
    s2 = f64x2.add(s2, f64x2.mul(v2, v2)); s3 = f64x2.add(s3, f64x2.mul(v3, v3));
  }
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/** Squares of the numbers from place `from` to `to` of a row. */
function rest(row: usize, from: i32, to: i32): f64 {
  let sum: f64 = 0;
  for (let i = from; i < to; i++) sum += load<f64>(row + (i << 3)) * load<f64>(row + (i << 3));
  return sum;
}

export function eliminate_costs_f64_ref(
  costs: usize, m: usize, n: i32, out: i32, columns: usize, starts: usize, units: usize, count: i32, scratch: usize,
): void {
  const row = (n + out) << 3;
  for (let u = 0; u < count; u++, costs += 8) {
    const unit = starts + (load<i32>(units + (u << 2)) << 2), first = load<i32>(unit), k = load<i32>(unit, 4) - first;
    const l = scratch, w = scratch + ((k * k) << 3), c = columns + (first << 2);
    let cost: f64 = 0;
    if (k > 0) factor_among(l, m, row, c, k, w);
    for (let o = 0; o < out; o++) for (let i = 0; i < k; i++) {
      let sum = load<f64>(m + load<i32>(c + (i << 2)) * row + ((n + o) << 3));
      for (let j = 0; j < i; j++) sum -= load<f64>(l + ((i * k + j) << 3)) * load<f64>(w + (j << 3));
      sum /= load<f64>(l + ((i * k + i) << 3));
      store<f64>(w + (i << 3), sum);
      cost += sum * sum;
    }
    store<f64>(costs, cost);
  }
}

/**
 * m as if a unit had never been there: m -= P[:, unit] inverse(P[unit, unit]) m[unit, :], for the columns of the units left; those of the
 * unit become zeros.
 */
export function eliminate_f64(
  m: usize, n: i32, out: i32, columns: usize, starts: usize, units: usize, count: i32, unit: i32, scratch: usize,
): void {
  const width = n + out, row = width << 3, first = load<i32>(starts + (unit << 2)), k = load<i32>(starts + (unit << 2), 4) - first;
  const gone = columns + (first << 2), l = scratch, s = l + ((k * k) << 3), share = s + k * row;
  shares(l, s, m, row, gone, k);
  for (let u = 0; u < count; u++) {
    const other = starts + (load<i32>(units + (u << 2)) << 2);
    for (let c = load<i32>(other); c < load<i32>(other, 4); c++) {
      subtract(m + load<i32>(columns + (c << 2)) * row, s, share, gone, k, width);
    }
  }
  for (let i = 0; i < k; i++) memory.fill(m + load<i32>(gone + (i << 2)) * row, 0, row);
}

/** s [k, width] = inverse(P[gone, gone]) m[gone, :]. */
function shares(l: usize, s: usize, m: usize, row: i32, gone: usize, k: i32): void {
  factor_among(l, m, row, gone, k, s);
  for (let i = 0; i < k; i++) {
    const to = s + i * row;
    memory.copy(to, m + load<i32>(gone + (i << 2)) * row, row);
    for (let j = 0; j < i; j++) axpy(to, s + j * row, load<f64>(l + ((i * k + j) << 3)), row);
    divide(to, load<f64>(l + ((i * k + i) << 3)), row);
  }
  for (let i = k - 1; i >= 0; i--) {
    const to = s + i * row;
    for (let j = k - 1; j > i; j--) axpy(to, s + j * row, load<f64>(l + ((j * k + i) << 3)), row);
    divide(to, load<f64>(l + ((i * k + i) << 3)), row);
  }
}

/** y -= f x, over `bytes`. */
function axpy(y: usize, x: usize, f: f64, bytes: i32): void {
  for (const end = y + bytes; y < end; y += 8, x += 8) store<f64>(y, load<f64>(y) - f * load<f64>(x));
}

function divide(y: usize, d: f64, bytes: i32): void {
  for (const end = y + bytes; y < end; y += 8) store<f64>(y, load<f64>(y) / d);
}

/** One row of m less its shares of the removed rows, in their order. */
function subtract(m: usize, s: usize, share: usize, gone: usize, k: i32, width: i32): void {
  const row = width << 3;
  for (let i = 0; i < k; i++) store<f64>(share + (i << 3), load<f64>(m + (load<i32>(gone + (i << 2)) << 3)));
  let j = 0;
  for (; j <= row - 64; j += 64) {
    const p = m + j;
    let a0 = v128.load(p), a1 = v128.load(p, 16), a2 = v128.load(p, 32), a3 = v128.load(p, 48);
    for (let i = 0, q = s + j; i < k; i++, q += row) {
      const f = v128.load64_splat(share + (i << 3));
      a0 = f64x2.sub(a0, f64x2.mul(f, v128.load(q))); a1 = f64x2.sub(a1, f64x2.mul(f, v128.load(q, 16)));
      a2 = f64x2.sub(a2, f64x2.mul(f, v128.load(q, 32))); a3 = f64x2.sub(a3, f64x2.mul(f, v128.load(q, 48)));
    }
    v128.store(p, a0); v128.store(p, a1, 16); v128.store(p, a2, 32); v128.store(p, a3, 48);
  }
  for (; j < row; j += 8) {
    let a = load<f64>(m + j);
    for (let i = 0; i < k; i++) a -= load<f64>(share + (i << 3)) * load<f64>(s + i * row + j);
    store<f64>(m + j, a);
  }
  for (let i = 0; i < k; i++) store<f64>(m + (load<i32>(gone + (i << 2)) << 3), 0);
}

export function eliminate_f64_ref(
  m: usize, n: i32, out: i32, columns: usize, starts: usize, units: usize, count: i32, unit: i32, scratch: usize,
): void {
  const width = n + out, row = width << 3, first = load<i32>(starts + (unit << 2)), k = load<i32>(starts + (unit << 2), 4) - first;
  const gone = columns + (first << 2), l = scratch, s = l + ((k * k) << 3), share = s + k * row;
  shares(l, s, m, row, gone, k);
  for (let u = 0; u < count; u++) {
    const other = starts + (load<i32>(units + (u << 2)) << 2);
    for (let c = load<i32>(other); c < load<i32>(other, 4); c++) {
      const p = m + load<i32>(columns + (c << 2)) * row;
      for (let i = 0; i < k; i++) store<f64>(share + (i << 3), load<f64>(p + (load<i32>(gone + (i << 2)) << 3)));
      for (let j = 0; j < row; j += 8) for (let i = 0; i < k; i++) {
        store<f64>(p + j, load<f64>(p + j) - load<f64>(share + (i << 3)) * load<f64>(s + i * row + j));
      }
      for (let i = 0; i < k; i++) store<f64>(p + (load<i32>(gone + (i << 2)) << 3), 0);
    }
  }
  for (let i = 0; i < k; i++) memory.fill(m + load<i32>(gone + (i << 2)) * row, 0, row);
}
