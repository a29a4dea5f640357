// float matrix product: y [rows, columns] = clamp(a [rows, k] * b + bias), b packed as [columns / 8][k][8].
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
 * Rows go in groups whose A stays in the first-level cache while all of B passes.
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
  for (let i = 0; i < rows; i += 4) {
    const i1 = min(i + 1, rows - 1), i2 = min(i + 2, rows - 1), i3 = min(i + 3, rows - 1);
    gemm_tile(
      q + i * yRow, q + i1 * yRow, q + i2 * yRow, q + i3 * yRow, columns - whole, add,
      a + i * aRow, a + i1 * aRow, a + i2 * aRow, a + i3 * aRow, block, 1, 0, 1, 0, k, d, low, high);
  }
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
