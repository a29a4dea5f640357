// float matrix product: y [rows, columns] = clamp(a [rows, k] * b + bias), b packed as [columns / 8][k][8].
import { clamp_v } from "../math/activation_f32";
import { ADD, CLAMP, row_products, tile_products } from "./tile_products";
import { gemm_pack, gemm_tile, packed_bytes } from "./tile";

/** Bytes of gemm_pack_f32's result. */
export function gemm_packed_f32(k: i32, columns: i32): i32 {
  return packed_bytes(k, columns);
}

/** Packs the matrix whose row i and column j lie at `w + i * row + j * column` bytes. */
export function gemm_pack_f32(packed: usize, w: usize, k: i32, columns: i32, row: i32, column: i32): void {
  gemm_pack(packed, w, k, columns, row, column);
}

/**
 * y [rows, columns] = clamp(a [rows, k] * b + bias), or y += a * b when `add`. `aRow` and `yRow` are the bytes from a row to the next.
 * Rows are taken in groups whose A stays in the first-level cache while all of B passes.
 */
export function gemm_f32(
  y: usize, a: usize, b: usize, bias: usize, rows: i32, k: i32, columns: i32, aRow: i32, yRow: i32, add: i32, low: f32, high: f32,
): void {
  const group = max(4, (4096 / max(k, 1)) & ~3), whole = columns & ~7, how = add ? ADD : CLAMP;
  for (let from = 0; from < rows; from += group, y += group * yRow, a += group * aRow) {
    const count = min(group, rows - from), tiled = count & ~3;
    tile_products(y, yRow, a, aRow, b, tiled, k, whole, how, bias, low, high);
    for (let i = tiled; i < count; i++) row_products(y + i * yRow, a + i * aRow, b, k, whole, how, bias, low, high);
    if (whole < columns) last_columns(y, a, b, bias, count, whole, columns, k, aRow, yRow, add, low, high);
  }
}

/** Fewer than eight columns, from `whole` on. */
function last_columns(
  y: usize, a: usize, b: usize, bias: usize, rows: i32, whole: i32, columns: i32, k: i32, aRow: i32, yRow: i32, add: i32, low: f32, high: f32,
): void {
  const q = y + (whole << 2), block = b + whole * k * 4, d = bias ? bias + (whole << 2) : 0;
  if (columns - whole == 4) {
    four_columns(q, yRow, a, aRow, block, rows, k, add, d, low, high);
    return;
  }
  for (let i = 0; i < rows; i += 4) {
    const i1 = min(i + 1, rows - 1), i2 = min(i + 2, rows - 1), i3 = min(i + 3, rows - 1);
    gemm_tile(
      q + i * yRow, q + i1 * yRow, q + i2 * yRow, q + i3 * yRow, columns - whole, add,
      a + i * aRow, a + i1 * aRow, a + i2 * aRow, a + i3 * aRow, block, 1, 0, 1, 0, k, d, low, high);
  }
}

/** Four columns, 4 rows at a time. */
function four_columns(
  y: usize, yRow: i32, a: usize, aRow: i32, b: usize, rows: i32, k: i32, add: i32, bias: usize, low: f32, high: f32,
): void {
  const end = b + (k << 5), l = f32x4.splat(low), h = f32x4.splat(high), d = bias ? v128.load(bias) : f32x4.splat(0);
  for (let i = 0; i < rows; i += 4, y += yRow << 2, a += aRow << 2) {
    const left = rows - i;
    let p0 = a, p1 = left > 1 ? p0 + aRow : p0, p2 = left > 2 ? p1 + aRow : p0, p3 = left > 3 ? p2 + aRow : p0;
    let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0;
    for (let q = b; q < end; q += 32, p0 += 4, p1 += 4, p2 += 4, p3 += 4) {
      const v = v128.load(q);
      c0 = f32x4.add(c0, f32x4.mul(v128.load32_splat(p0), v)); c1 = f32x4.add(c1, f32x4.mul(v128.load32_splat(p1), v));
      c2 = f32x4.add(c2, f32x4.mul(v128.load32_splat(p2), v)); c3 = f32x4.add(c3, f32x4.mul(v128.load32_splat(p3), v));
    }
    put(y, c0, add, d, l, h);
    if (left > 1) put(y + yRow, c1, add, d, l, h);
    if (left > 2) put(y + 2 * yRow, c2, add, d, l, h);
    if (left > 3) put(y + 3 * yRow, c3, add, d, l, h);
  }
}

// @ts-ignore: decorator
@inline
function put(y: usize, c: v128, add: i32, bias: v128, low: v128, high: v128): void {
  v128.store(y, add ? f32x4.add(v128.load(y), c) : clamp_v(f32x4.add(c, bias), low, high));
}

/** y [rows, columns] = clamp(a [rows, k] * w [columns, k] transposed + bias): the definition. */
export function gemm_f32_ref(
  y: usize, a: usize, w: usize, bias: usize, rows: i32, k: i32, columns: i32, low: f32, high: f32,
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, y += 4) {
      let c: f32 = 0;
      for (let p = 0; p < k; p++) c += load<f32>(a + ((i * k + p) << 2)) * load<f32>(w + ((j * k + p) << 2));
      if (bias) c += load<f32>(bias + (j << 2));
      store<f32>(y, min(max(c, low), high));
    }
  }
}
