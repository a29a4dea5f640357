// Matrix products of whole tiles of 4 rows by 8 columns of floats, in the order of sums given in tile.ts. `rows` is a multiple of 4, `columns`
// of 8. The loops over tiles lie in one function with the loop over k: what a call costs is as much as sixteen steps of k.
import { clamp_v } from "../math/activation_f32";

/** What becomes of a product: it is written, added to y, or given its bias, clamped and written. */
const WRITE: i32 = 0;
export const ADD: i32 = 1;
export const CLAMP: i32 = 2;

/** m [rows, columns] = v [rows, k] * u in each plane; rows of v are `vRow` bytes apart, of m `columns * 4`; u packed as [columns / 8][k][8]. */
export function plane_products(
  m: usize, mPlane: i32, v: usize, vPlane: i32, vRow: i32, u: usize, uPlane: i32, planes: i32, rows: i32, k: i32, columns: i32,
): void {
  for (let i = 0; i < planes; i++, m += mPlane, v += vPlane, u += uPlane) {
    tile_products(m, columns << 2, v, vRow, u, rows, k, columns, WRITE, 0, 0, 0);
  }
}

/** y [rows, columns] = v [rows, k] * u, or as `how` says; rows are yRow and vRow bytes apart; bias of `columns` or 0. */
export function tile_products(
  y: usize, yRow: i32, v: usize, vRow: i32, u: usize, rows: i32, k: i32, columns: i32, how: i32, bias: usize, low: f32, high: f32,
): void {
  const block = k << 5, l = f32x4.splat(low), h = f32x4.splat(high);
  for (let j = 0; j < columns; j += 8, y += 32, u += block) {
    let q = y, a = v;
    const d0 = bias ? v128.load(bias + (j << 2)) : f32x4.splat(0), d1 = bias ? v128.load(bias + (j << 2), 16) : f32x4.splat(0);
    for (const end = a + rows * vRow; a < end; a += 4 * vRow, q += 4 * yRow) {
      let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0);
      let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0);
      let p0 = a, p1 = p0 + vRow, p2 = p1 + vRow, p3 = p2 + vRow;
      for (let b = u, last = u + block; b < last; p0 += 4, p1 += 4, p2 += 4, p3 += 4, b += 32) {
        const v0 = v128.load(b), v1 = v128.load(b, 16);
        const s0 = v128.load32_splat(p0);
        c00 = f32x4.add(c00, f32x4.mul(s0, v0)); c01 = f32x4.add(c01, f32x4.mul(s0, v1));
        const s1 = v128.load32_splat(p1);
        c10 = f32x4.add(c10, f32x4.mul(s1, v0)); c11 = f32x4.add(c11, f32x4.mul(s1, v1));
        const s2 = v128.load32_splat(p2);
        c20 = f32x4.add(c20, f32x4.mul(s2, v0)); c21 = f32x4.add(c21, f32x4.mul(s2, v1));
        const s3 = v128.load32_splat(p3);
        c30 = f32x4.add(c30, f32x4.mul(s3, v0)); c31 = f32x4.add(c31, f32x4.mul(s3, v1));
      }
      put_row(q, c00, c01, how, d0, d1, l, h);
      put_row(q + yRow, c10, c11, how, d0, d1, l, h);
      put_row(q + 2 * yRow, c20, c21, how, d0, d1, l, h);
      put_row(q + 3 * yRow, c30, c31, how, d0, d1, l, h);
    }
  }
}

/** y [columns] = a [k] * u, or as `how` says: the same for one row, four blocks of columns at a time, as there is one product of each only. */
export function row_products(y: usize, a: usize, u: usize, k: i32, columns: i32, how: i32, bias: usize, low: f32, high: f32): void {
  const block = k << 5, end = a + (k << 2), none = f32x4.splat(0), l = f32x4.splat(low), h = f32x4.splat(high);
  let j = 0;
  for (; j <= columns - 32; j += 32, u += 4 * block) {
    let c0 = none, c1 = none, c2 = none, c3 = none, c4 = none, c5 = none, c6 = none, c7 = none;
    for (let p = a, b0 = u, b1 = u + block, b2 = b1 + block, b3 = b2 + block; p < end; p += 4, b0 += 32, b1 += 32, b2 += 32, b3 += 32) {
      const s = v128.load32_splat(p);
      c0 = f32x4.add(c0, f32x4.mul(s, v128.load(b0))); c1 = f32x4.add(c1, f32x4.mul(s, v128.load(b0, 16)));
      c2 = f32x4.add(c2, f32x4.mul(s, v128.load(b1))); c3 = f32x4.add(c3, f32x4.mul(s, v128.load(b1, 16)));
      c4 = f32x4.add(c4, f32x4.mul(s, v128.load(b2))); c5 = f32x4.add(c5, f32x4.mul(s, v128.load(b2, 16)));
      c6 = f32x4.add(c6, f32x4.mul(s, v128.load(b3))); c7 = f32x4.add(c7, f32x4.mul(s, v128.load(b3, 16)));
    }
    put_block(y, j, c0, c1, how, bias, l, h);
    put_block(y, j + 8, c2, c3, how, bias, l, h);
    put_block(y, j + 16, c4, c5, how, bias, l, h);
    put_block(y, j + 24, c6, c7, how, bias, l, h);
  }
  for (; j < columns; j += 8, u += block) {
    let c0 = none, c1 = none;
    for (let p = a, b = u; p < end; p += 4, b += 32) {
      const s = v128.load32_splat(p);
      c0 = f32x4.add(c0, f32x4.mul(s, v128.load(b))); c1 = f32x4.add(c1, f32x4.mul(s, v128.load(b, 16)));
    }
    put_block(y, j, c0, c1, how, bias, l, h);
  }
}

// @ts-ignore: decorator
@inline
function put_block(y: usize, j: i32, c0: v128, c1: v128, how: i32, bias: usize, low: v128, high: v128): void {
  const d = bias + (j << 2), none = f32x4.splat(0);
  put_row(y + (j << 2), c0, c1, how, bias ? v128.load(d) : none, bias ? v128.load(d, 16) : none, low, high);
}

// @ts-ignore: decorator
@inline
function put_row(y: usize, c0: v128, c1: v128, how: i32, d0: v128, d1: v128, low: v128, high: v128): void {
  if (how == CLAMP) {
    v128.store(y, clamp_v(f32x4.add(c0, d0), low, high));
    v128.store(y, clamp_v(f32x4.add(c1, d1), low, high), 16);
  } else if (how == ADD) {
    v128.store(y, f32x4.add(v128.load(y), c0));
    v128.store(y, f32x4.add(v128.load(y, 16), c1), 16);
  } else {
    v128.store(y, c0);
    v128.store(y, c1, 16);
  }
}

/** d [rows, columns] += g [tiles, rows] transposed * v [tiles, columns] in each plane; rows of v are `vRow` bytes apart, all others dense. */
export function plane_outer_products(
  d: usize, dPlane: i32, g: usize, gPlane: i32, v: usize, vPlane: i32, vRow: i32, planes: i32, tiles: i32, rows: i32, columns: i32,
): void {
  for (let i = 0; i < planes; i++, d += dPlane, g += gPlane, v += vPlane) {
    outer_products(d, columns << 2, g, rows << 2, 0, v, vRow, 0, 1, tiles, rows, columns);
  }
}

/**
 * d [rows, columns] += the sum over `bands` bands of `tiles` tiles each of g [rows] times v [columns]. Rows of d are dRow bytes apart, tiles of g and v
 * gRow and vRow, bands gBand and vBand. `rows` and `columns` are multiples of 4.
 */
export function outer_products(
  d: usize, dRow: i32, g: usize, gRow: i32, gBand: i32, v: usize, vRow: i32, vBand: i32, bands: i32, tiles: i32, rows: i32, columns: i32,
): void {
  const row = (columns & ~7) << 2, last = columns & 4;
  for (let o = 0; o < rows << 2; o += 16, d += 4 * dRow) {
    for (let j = 0; j < row; j += 32) {
      const y0 = d + j, y1 = y0 + dRow, y2 = y1 + dRow, y3 = y2 + dRow;
      let c00 = v128.load(y0), c01 = v128.load(y0, 16), c10 = v128.load(y1), c11 = v128.load(y1, 16);
      let c20 = v128.load(y2), c21 = v128.load(y2, 16), c30 = v128.load(y3), c31 = v128.load(y3, 16);
      for (let band = 0, p = v + j, q = g + o; band < bands; band++, p += vBand, q += gBand) {
        for (let a = p, b = q, end = p + tiles * vRow; a < end; a += vRow, b += gRow) {
          const v0 = v128.load(a), v1 = v128.load(a, 16);
          const s0 = v128.load32_splat(b);
          c00 = f32x4.add(c00, f32x4.mul(s0, v0)); c01 = f32x4.add(c01, f32x4.mul(s0, v1));
          const s1 = v128.load32_splat(b, 4);
          c10 = f32x4.add(c10, f32x4.mul(s1, v0)); c11 = f32x4.add(c11, f32x4.mul(s1, v1));
          const s2 = v128.load32_splat(b, 8);
          c20 = f32x4.add(c20, f32x4.mul(s2, v0)); c21 = f32x4.add(c21, f32x4.mul(s2, v1));
          const s3 = v128.load32_splat(b, 12);
          c30 = f32x4.add(c30, f32x4.mul(s3, v0)); c31 = f32x4.add(c31, f32x4.mul(s3, v1));
        }
      }
      v128.store(y0, c00); v128.store(y0, c01, 16);
      v128.store(y1, c10); v128.store(y1, c11, 16);
      v128.store(y2, c20); v128.store(y2, c21, 16);
      v128.store(y3, c30); v128.store(y3, c31, 16);
    }
    if (last) last_outer_products(d + row, dRow, g + o, gRow, gBand, v + row, vRow, vBand, bands, tiles);
  }
}

/** Four rows of the last four columns. */
function last_outer_products(
  d: usize, dRow: i32, g: usize, gRow: i32, gBand: i32, v: usize, vRow: i32, vBand: i32, bands: i32, tiles: i32,
): void {
  const y1 = d + dRow, y2 = y1 + dRow, y3 = y2 + dRow;
  let c0 = v128.load(d), c1 = v128.load(y1), c2 = v128.load(y2), c3 = v128.load(y3);
  for (let band = 0; band < bands; band++, v += vBand, g += gBand) {
    for (let a = v, b = g, end = v + tiles * vRow; a < end; a += vRow, b += gRow) {
      const t = v128.load(a);
      c0 = f32x4.add(c0, f32x4.mul(v128.load32_splat(b), t)); c1 = f32x4.add(c1, f32x4.mul(v128.load32_splat(b, 4), t));
      c2 = f32x4.add(c2, f32x4.mul(v128.load32_splat(b, 8), t)); c3 = f32x4.add(c3, f32x4.mul(v128.load32_splat(b, 12), t));
    }
  }
  v128.store(d, c0); v128.store(y1, c1); v128.store(y2, c2); v128.store(y3, c3);
}
