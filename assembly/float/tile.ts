// The float tile that convolutions and dense layers share: 4 rows by 8 columns, mul and add apart (no fused operation).
//
//   A  f32, four rows given by their addresses; a row is `ny * nx` pieces of `length` floats that lie `sy` and `sx` bytes apart
//   B  f32 [columns / 8][k][8], packed; the last block filled with zeros
//   Y  f32, four rows given by their addresses
//
// Each y is ((a0*b0 + a1*b1) + a2*b2) + ... in the order of k, then the bias, then the clamp: the order of every kernel that works by tiles.
import { clamp_s, clamp_v } from "../math/activation_f32";

/** One tile: y = clamp_v(a * b + bias), or y += a * b when `add`. Rows may be given twice; `columns` is 1..8. */
// @ts-ignore: decorator
@inline
export function gemm_tile(
  y0: usize, y1: usize, y2: usize, y3: usize, columns: i32, add: i32,
  a0: usize, a1: usize, a2: usize, a3: usize, b: usize,
  ny: i32, sy: i32, nx: i32, sx: i32, length: i32,
  bias: usize, low: f32, high: f32,
): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  const bytes = length << 2;
  for (let iy = 0; iy < ny; iy++) {
    for (let ix = 0, o = 0; ix < nx; ix++, o += sx) {
      // One k a round: V8 reorders longer rounds and spills an accumulator to the stack, which costs a quarter of the speed.
      let p0 = a0 + o, p1 = a1 + o, p2 = a2 + o, p3 = a3 + o;
      for (const end = p0 + bytes; p0 < end; p0 += 4, p1 += 4, p2 += 4, p3 += 4, b += 32) {
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
    }
    a0 += sy; a1 += sy; a2 += sy; a3 += sy;
  }
  if (columns == 8) {
    if (add) {
      c00 = f32x4.add(v128.load(y0), c00); c01 = f32x4.add(v128.load(y0, 16), c01);
      c10 = f32x4.add(v128.load(y1), c10); c11 = f32x4.add(v128.load(y1, 16), c11);
      c20 = f32x4.add(v128.load(y2), c20); c21 = f32x4.add(v128.load(y2, 16), c21);
      c30 = f32x4.add(v128.load(y3), c30); c31 = f32x4.add(v128.load(y3, 16), c31);
    } else {
      const l = f32x4.splat(low), h = f32x4.splat(high);
      const d0 = bias ? v128.load(bias) : f32x4.splat(0), d1 = bias ? v128.load(bias, 16) : f32x4.splat(0);
      c00 = clamp_v(f32x4.add(c00, d0), l, h); c01 = clamp_v(f32x4.add(c01, d1), l, h);
      c10 = clamp_v(f32x4.add(c10, d0), l, h); c11 = clamp_v(f32x4.add(c11, d1), l, h);
      c20 = clamp_v(f32x4.add(c20, d0), l, h); c21 = clamp_v(f32x4.add(c21, d1), l, h);
      c30 = clamp_v(f32x4.add(c30, d0), l, h); c31 = clamp_v(f32x4.add(c31, d1), l, h);
    }
    v128.store(y0, c00); v128.store(y0, c01, 16);
    v128.store(y1, c10); v128.store(y1, c11, 16);
    v128.store(y2, c20); v128.store(y2, c21, 16);
    v128.store(y3, c30); v128.store(y3, c31, 16);
    return;
  }
  // A row given twice is written once: its copies are last.
  store_part(y0, c00, c01, columns, add, bias, low, high);
  if (y1 != y0) store_part(y1, c10, c11, columns, add, bias, low, high);
  if (y2 != y1) store_part(y2, c20, c21, columns, add, bias, low, high);
  if (y3 != y2) store_part(y3, c30, c31, columns, add, bias, low, high);
}

/** The first `columns` (1..7) of the eight values in `c0` and `c1`. */
function store_part(y: usize, c0: v128, c1: v128, columns: i32, add: i32, bias: usize, low: f32, high: f32): void {
  let v = c0;
  for (let j = 0; j < columns; j++, y += 4) {
    if (j == 4) v = c1;
    const c = f32x4.extract_lane(v, 0);
    if (add) store<f32>(y, load<f32>(y) + c);
    else {
      store<f32>(y, clamp_s(c + (bias ? load<f32>(bias + (j << 2)) : 0), low, high));
    }
    v = v128.shuffle<i32>(v, v, 1, 2, 3, 0);
  }
}

/** B [k][8 columns a block] of a matrix whose column j and row i lie at `w + j * column + i * row` bytes. */
export function gemm_pack(packed: usize, w: usize, k: i32, columns: i32, row: i32, column: i32): void {
  for (let j = 0; j < columns; j += 8, w += column << 3) {
    const n = min(8, columns - j);
    if (n == 8 && column == 4) {
      for (let i = 0, p = w; i < k; i++, p += row, packed += 32) {
        v128.store(packed, v128.load(p));
        v128.store(packed, v128.load(p, 16), 16);
      }
      continue;
    }
    for (let i = 0, p = w; i < k; i++, p += row) {
      let q = p;
      for (let c = 0; c < n; c++, q += column, packed += 4) store<f32>(packed, load<f32>(q));
      for (let c = n; c < 8; c++, packed += 4) store<f32>(packed, 0);
    }
  }
}

/** Bytes of `gemm_pack`'s result. */
// @ts-ignore: decorator
@inline
export function packed_bytes(k: i32, columns: i32): i32 {
  return ((columns + 7) >> 3) * k * 32;
}

/** Bytes of a table of `pixels`. */
// @ts-ignore: decorator
@inline
export function table_bytes(pixels: i32): i32 {
  return (pixels + 3) << 3;
}

/** y = clamp_v(windows of a * b + bias), or y += windows * b when `add`, over the pixels of a table. */
export function window_gemm(
  y: usize, a: usize, b: usize, bias: usize, table: usize, pixels: i32, columns: i32, add: i32,
  ny: i32, sy: i32, nx: i32, sx: i32, length: i32, low: f32, high: f32,
): void {
  const k = ny * nx * length;
  const end = table + (pixels << 3);
  for (let j = 0; j < columns; j += 8) {
    const n = min(8, columns - j), bj = bias ? bias + (j << 2) : 0, yj = y + (j << 2), block = b + j * k * 4;
    for (let t = table; t < end; t += 32) {
      gemm_tile(
        yj + load<i32>(t, 4), yj + load<i32>(t, 12), yj + load<i32>(t, 20), yj + load<i32>(t, 28), n, add,
        a + load<i32>(t), a + load<i32>(t, 8), a + load<i32>(t, 16), a + load<i32>(t, 24), block,
        ny, sy, nx, sx, length, bj, low, high);
    }
  }
}
