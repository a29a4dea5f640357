// Matrix products of many planes of the same size, whole tiles only: 4 rows by 8 columns of floats, as in tile.ts, without bias and clamp.

/**
 * m [rows, columns] = v [rows, k] * u in each plane. `rows` is a multiple of 4, `columns` of 8; rows of v and m are `vRow` and `columns * 4`
 * bytes apart, planes vPlane, uPlane and mPlane; u packed as [columns / 8][k][8].
 */
export function plane_products(
  m: usize, mPlane: i32, v: usize, vPlane: i32, vRow: i32, u: usize, uPlane: i32, planes: i32, rows: i32, k: i32, columns: i32,
): void {
  const mRow = columns << 2, block = k << 5;
  for (let i = 0; i < planes; i++, m += mPlane, v += vPlane, u += uPlane) {
    let first = u;
    for (let j = 0; j < mRow; j += 32, first += block) {
      let y = m + j, a = v;
      for (const end = a + rows * vRow; a < end; a += 4 * vRow, y += 4 * mRow) {
        let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0);
        let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0);
        let p0 = a, p1 = p0 + vRow, p2 = p1 + vRow, p3 = p2 + vRow;
        for (let b = first, last = first + block; b < last; p0 += 4, p1 += 4, p2 += 4, p3 += 4, b += 32) {
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
        const y1 = y + mRow, y2 = y1 + mRow, y3 = y2 + mRow;
        v128.store(y, c00); v128.store(y, c01, 16);
        v128.store(y1, c10); v128.store(y1, c11, 16);
        v128.store(y2, c20); v128.store(y2, c21, 16);
        v128.store(y3, c30); v128.store(y3, c31, 16);
      }
    }
  }
}

/**
 * d [rows, columns] += g [tiles, rows] transposed * v [tiles, columns] in each plane. `rows` is a multiple of 4, `columns` of 8; rows of d are
 * `columns * 4` bytes apart, of g `rows * 4`, of v `vRow`.
 */
export function plane_outer_products(
  d: usize, dPlane: i32, g: usize, gPlane: i32, v: usize, vPlane: i32, vRow: i32, planes: i32, tiles: i32, rows: i32, columns: i32,
): void {
  const gRow = rows << 2, row = columns << 2;
  for (let i = 0; i < planes; i++, d += dPlane, g += gPlane, v += vPlane) {
    for (let o = 0; o < gRow; o += 16) for (let j = 0; j < row; j += 32) {
      const y0 = d + (o >> 2) * row + j, y1 = y0 + row, y2 = y1 + row, y3 = y2 + row;
      let c00 = v128.load(y0), c01 = v128.load(y0, 16), c10 = v128.load(y1), c11 = v128.load(y1, 16);
      let c20 = v128.load(y2), c21 = v128.load(y2, 16), c30 = v128.load(y3), c31 = v128.load(y3, 16);
      let p = v + j, q = g + o;
      for (const end = p + tiles * vRow; p < end; p += vRow, q += gRow) {
        const v0 = v128.load(p), v1 = v128.load(p, 16);
        const s0 = v128.load32_splat(q);
        c00 = f32x4.add(c00, f32x4.mul(s0, v0)); c01 = f32x4.add(c01, f32x4.mul(s0, v1));
        const s1 = v128.load32_splat(q, 4);
        c10 = f32x4.add(c10, f32x4.mul(s1, v0)); c11 = f32x4.add(c11, f32x4.mul(s1, v1));
        const s2 = v128.load32_splat(q, 8);
        c20 = f32x4.add(c20, f32x4.mul(s2, v0)); c21 = f32x4.add(c21, f32x4.mul(s2, v1));
        const s3 = v128.load32_splat(q, 12);
        c30 = f32x4.add(c30, f32x4.mul(s3, v0)); c31 = f32x4.add(c31, f32x4.mul(s3, v1));
      }
      v128.store(y0, c00); v128.store(y0, c01, 16);
      v128.store(y1, c10); v128.store(y1, c11, 16);
      v128.store(y2, c20); v128.store(y2, c21, 16);
      v128.store(y3, c30); v128.store(y3, c31, 16);
    }
  }
}
