// The inner loop of the int8 tile alone: 4 rows by 8 channels, `words` words (products.ts) of each row, `tiles` times; no widening, no rescaling.
// Its rate is the limit that kernels are measured against.
import { dot } from "../../assembly/math/products";

export function bare_tile(y: usize, a: usize, b: usize, words: i32, tiles: i32): void {
  for (let t = 0; t < tiles; t++) {
    let c00 = i32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    const row = words << 2;
    let p0 = a, p1 = a + row, p2 = p1 + row, p3 = p2 + row, q = b;
    for (const end = p0 + row; p0 < end; p0 += 4, p1 += 4, p2 += 4, p3 += 4, q += 32) {
      const v0 = v128.load(q), v1 = v128.load(q, 16);
      const s0 = v128.load32_splat(p0);
      c00 = dot(c00, s0, v0); c01 = dot(c01, s0, v1);
      const s1 = v128.load32_splat(p1);
      c10 = dot(c10, s1, v0); c11 = dot(c11, s1, v1);
      const s2 = v128.load32_splat(p2);
      c20 = dot(c20, s2, v0); c21 = dot(c21, s2, v1);
      const s3 = v128.load32_splat(p3);
      c30 = dot(c30, s3, v0); c31 = dot(c31, s3, v1);
    }
    v128.store(y, c00); v128.store(y, c01, 16); v128.store(y, c10, 32); v128.store(y, c11, 48);
    v128.store(y, c20, 64); v128.store(y, c21, 80); v128.store(y, c30, 96); v128.store(y, c31, 112);
  }
}
