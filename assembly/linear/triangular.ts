// Eight systems with a lower triangular L [n, n] at once: y f64 [n][8], a right-hand side in each lane, becomes the solutions. `row` is the bytes from
// a row of L to the next. Each number is y, less its products in the order of k (of falling k in `backward`), divided by the diagonal.

/** Bytes of a row of y. */
export const LANES: i32 = 64;

// @ts-ignore: decorator
@inline
function at(l: usize): v128 {
  return v128.load64_splat(l);
}

/** L y = y, row by row; `from` rows of y are zeros at the beginning, and stay so. */
export function forward(l: usize, row: i32, n: i32, y: usize, from: i32): void {
  let i = from;
  for (; i < n - 1; i += 2) {
    const l0 = l + i * row, l1 = l0 + row, p = y + i * LANES;
    let a0 = v128.load(p), a1 = v128.load(p, 16), a2 = v128.load(p, 32), a3 = v128.load(p, 48);
    let b0 = v128.load(p, 64), b1 = v128.load(p, 80), b2 = v128.load(p, 96), b3 = v128.load(p, 112);
    for (let q = y + from * LANES, m0 = l0 + (from << 3), m1 = l1 + (from << 3); q < p; q += LANES, m0 += 8, m1 += 8) {
      const s0 = at(m0), s1 = at(m1);
      const v0 = v128.load(q), v1 = v128.load(q, 16), v2 = v128.load(q, 32), v3 = v128.load(q, 48);
      a0 = f64x2.sub(a0, f64x2.mul(s0, v0)); a1 = f64x2.sub(a1, f64x2.mul(s0, v1));
      a2 = f64x2.sub(a2, f64x2.mul(s0, v2)); a3 = f64x2.sub(a3, f64x2.mul(s0, v3));
      b0 = f64x2.sub(b0, f64x2.mul(s1, v0)); b1 = f64x2.sub(b1, f64x2.mul(s1, v1));
      b2 = f64x2.sub(b2, f64x2.mul(s1, v2)); b3 = f64x2.sub(b3, f64x2.mul(s1, v3));
    }
    const d0 = at(l0 + (i << 3)), s = at(l1 + (i << 3)), d1 = at(l1 + (i << 3) + 8);
    a0 = f64x2.div(a0, d0); a1 = f64x2.div(a1, d0); a2 = f64x2.div(a2, d0); a3 = f64x2.div(a3, d0);
    put(p, a0, a1, a2, a3);
    put(p + LANES, f64x2.div(f64x2.sub(b0, f64x2.mul(s, a0)), d1), f64x2.div(f64x2.sub(b1, f64x2.mul(s, a1)), d1),
      f64x2.div(f64x2.sub(b2, f64x2.mul(s, a2)), d1), f64x2.div(f64x2.sub(b3, f64x2.mul(s, a3)), d1));
  }
  if (i < n) last(l + i * row, n - 1, y, from);
}

/** One row of `forward`. */
function last(l: usize, i: i32, y: usize, from: i32): void {
  const p = y + i * LANES;
  let a0 = v128.load(p), a1 = v128.load(p, 16), a2 = v128.load(p, 32), a3 = v128.load(p, 48);
  l += from << 3;
  for (let q = y + from * LANES; q < p; q += LANES, l += 8) {
    const s = at(l);
    a0 = f64x2.sub(a0, f64x2.mul(s, v128.load(q))); a1 = f64x2.sub(a1, f64x2.mul(s, v128.load(q, 16)));
    a2 = f64x2.sub(a2, f64x2.mul(s, v128.load(q, 32))); a3 = f64x2.sub(a3, f64x2.mul(s, v128.load(q, 48)));
  }
  const d = at(l);
  put(p, f64x2.div(a0, d), f64x2.div(a1, d), f64x2.div(a2, d), f64x2.div(a3, d));
}

/** L' y = y: from the last row on, two rows of L at a time. */
export function backward(l: usize, row: i32, n: i32, y: usize): void {
  let i = n - 1;
  for (; i > 0; i -= 2) {
    const l0 = l + i * row, l1 = l0 - row, p = y + i * LANES, o = p - LANES;
    const d0 = at(l0 + (i << 3)), s = at(l0 + (i << 3) - 8), d1 = at(l1 + (i << 3) - 8);
    const a0 = f64x2.div(v128.load(p), d0), a1 = f64x2.div(v128.load(p, 16), d0);
    const a2 = f64x2.div(v128.load(p, 32), d0), a3 = f64x2.div(v128.load(p, 48), d0);
    const b0 = f64x2.div(f64x2.sub(v128.load(o), f64x2.mul(s, a0)), d1), b1 = f64x2.div(f64x2.sub(v128.load(o, 16), f64x2.mul(s, a1)), d1);
    const b2 = f64x2.div(f64x2.sub(v128.load(o, 32), f64x2.mul(s, a2)), d1), b3 = f64x2.div(f64x2.sub(v128.load(o, 48), f64x2.mul(s, a3)), d1);
    put(p, a0, a1, a2, a3);
    put(o, b0, b1, b2, b3);
    for (let q = y, m0 = l0, m1 = l1; q < o; q += LANES, m0 += 8, m1 += 8) {
      const s0 = at(m0), s1 = at(m1);
      put(q, f64x2.sub(f64x2.sub(v128.load(q), f64x2.mul(s0, a0)), f64x2.mul(s1, b0)),
        f64x2.sub(f64x2.sub(v128.load(q, 16), f64x2.mul(s0, a1)), f64x2.mul(s1, b1)),
        f64x2.sub(f64x2.sub(v128.load(q, 32), f64x2.mul(s0, a2)), f64x2.mul(s1, b2)),
        f64x2.sub(f64x2.sub(v128.load(q, 48), f64x2.mul(s0, a3)), f64x2.mul(s1, b3)));
    }
  }
  if (i < 0) return;
  const d = at(l);
  put(y, f64x2.div(v128.load(y), d), f64x2.div(v128.load(y, 16), d), f64x2.div(v128.load(y, 32), d), f64x2.div(v128.load(y, 48), d));
}

// @ts-ignore: decorator
@inline
function put(y: usize, v0: v128, v1: v128, v2: v128, v3: v128): void {
  v128.store(y, v0);
  v128.store(y, v1, 16);
  v128.store(y, v2, 32);
  v128.store(y, v3, 48);
}

/** y [n][8] = rows 0..count-1 of b [.., n], transposed; lanes from `count` on are zeros. */
export function pack_rows(y: usize, b: usize, row: i32, n: i32, count: i32): void {
  for (let k = 0; k < n; k++, y += LANES, b += 8) {
    for (let r = 0; r < 8; r++) store<f64>(y + (r << 3), r < count ? load<f64>(b + r * row) : 0);
  }
}

/** The inverse of `pack_rows`. */
export function unpack_rows(b: usize, row: i32, y: usize, n: i32, count: i32): void {
  for (let k = 0; k < n; k++, y += LANES, b += 8) for (let r = 0; r < count; r++) store<f64>(b + r * row, load<f64>(y + (r << 3)));
}
