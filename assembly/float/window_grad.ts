// Gradients of a window's weights and bias: sums of products over pixels.

/** sums [columns] += the sum of `rows` rows. */
export function add_columns(sums: usize, g: usize, rows: i32, columns: i32): void {
  let c = 0;
  for (; c <= columns - 4; c += 4) {
    let p = g + (c << 2), s = v128.load(p);
    for (let r = 1; r < rows; r++) {
      p += columns << 2;
      s = f32x4.add(s, v128.load(p));
    }
    v128.store(sums + (c << 2), f32x4.add(v128.load(sums + (c << 2)), s));
  }
  for (; c < columns; c++) {
    let p = g + (c << 2), s = load<f32>(p);
    for (let r = 1; r < rows; r++) {
      p += columns << 2;
      s += load<f32>(p);
    }
    store<f32>(sums + (c << 2), load<f32>(sums + (c << 2)) + s);
  }
}

/** dw [outC][ny][nx][length] += for each tap the sum over pixels of g * (what lies under the tap). */
export function window_grad_w(
  dw: usize, a: usize, g: usize, outC: i32, outH: i32, outW: i32, aRow: i32, aPixel: i32, gRow: i32, gPixel: i32,
  ny: i32, sy: i32, nx: i32, sx: i32, length: i32,
): void {
  const k = ny * nx * length;
  if (aRow == outW * aPixel && gRow == outW * gPixel) {
    outW *= outH;
    outH = 1;
  }
  // What is left of a piece after blocks of 8, when it is at most 4, is computed 8 channels of dy at a time.
  const wide = (length & 7) > 4 ? length : length & ~7;
  for (let iy = 0; iy < ny; iy++) for (let ix = 0; ix < nx; ix++) {
    const at = a + iy * sy + ix * sx, to = dw + (iy * nx + ix) * length * 4;
    for (let o = 0; o < outC; o += 4) {
      const rows = min(4, outC - o);
      for (let c = 0; c < wide; c += 8) {
        const p = to + (o * k + c) * 4;
        grad_w_tile(p, k << 2, rows, min(8, length - c), at + (c << 2), g + (o << 2), outH, outW, aRow, aPixel, gRow, gPixel);
      }
    }
    if (wide == length) continue;
    for (let o = 0; o < outC; o += 8) {
      const p = to + (o * k + wide) * 4;
      grad_w_narrow(p, k << 2, min(8, outC - o), length - wide, at + (wide << 2), g + (o << 2), outH, outW, aRow, aPixel, gRow, gPixel);
    }
  }
}

/** dw [rows <= 8][columns <= 4] += sum over pixels of g [rows] * a [columns]. */
function grad_w_narrow(
  dw: usize, dwRow: i32, rows: i32, columns: i32, a: usize, g: usize,
  outH: i32, outW: i32, aRow: i32, aPixel: i32, gRow: i32, gPixel: i32,
): void {
  let c0 = f32x4.splat(0), c1 = f32x4.splat(0), c2 = f32x4.splat(0), c3 = f32x4.splat(0);
  let c4 = f32x4.splat(0), c5 = f32x4.splat(0), c6 = f32x4.splat(0), c7 = f32x4.splat(0);
  for (let oy = 0; oy < outH; oy++) {
    let p = a, q = g;
    for (let ox = 0; ox < outW; ox++, p += aPixel, q += gPixel) {
      const v = v128.load(p);
      c0 = f32x4.add(c0, f32x4.mul(v, v128.load32_splat(q)));
      c1 = f32x4.add(c1, f32x4.mul(v, v128.load32_splat(q, 4)));
      c2 = f32x4.add(c2, f32x4.mul(v, v128.load32_splat(q, 8)));
      c3 = f32x4.add(c3, f32x4.mul(v, v128.load32_splat(q, 12)));
      c4 = f32x4.add(c4, f32x4.mul(v, v128.load32_splat(q, 16)));
      c5 = f32x4.add(c5, f32x4.mul(v, v128.load32_splat(q, 20)));
      c6 = f32x4.add(c6, f32x4.mul(v, v128.load32_splat(q, 24)));
      c7 = f32x4.add(c7, f32x4.mul(v, v128.load32_splat(q, 28)));
    }
    a += aRow;
    g += gRow;
  }
  add_part(dw, c0, c0, columns);
  if (rows > 1) add_part(dw + dwRow, c1, c1, columns);
  if (rows > 2) add_part(dw + 2 * dwRow, c2, c2, columns);
  if (rows > 3) add_part(dw + 3 * dwRow, c3, c3, columns);
  if (rows > 4) add_part(dw + 4 * dwRow, c4, c4, columns);
  if (rows > 5) add_part(dw + 5 * dwRow, c5, c5, columns);
  if (rows > 6) add_part(dw + 6 * dwRow, c6, c6, columns);
  if (rows > 7) add_part(dw + 7 * dwRow, c7, c7, columns);
}

/** dw [rows <= 4][columns <= 8] += sum over pixels of g [rows] * a [columns]. */
function grad_w_tile(
  dw: usize, dwRow: i32, rows: i32, columns: i32, a: usize, g: usize,
  outH: i32, outW: i32, aRow: i32, aPixel: i32, gRow: i32, gPixel: i32,
): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  for (let oy = 0; oy < outH; oy++) {
    let p = a, q = g;
    for (let ox = 0; ox < outW; ox++, p += aPixel, q += gPixel) {
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
    a += aRow;
    g += gRow;
  }
  add_part(dw, c00, c01, columns);
  if (rows > 1) add_part(dw + dwRow, c10, c11, columns);
  if (rows > 2) add_part(dw + 2 * dwRow, c20, c21, columns);
  if (rows > 3) add_part(dw + 3 * dwRow, c30, c31, columns);
}

/** y [columns <= 8] += c. */
function add_part(y: usize, c0: v128, c1: v128, columns: i32): void {
  if (columns == 8) {
    v128.store(y, f32x4.add(v128.load(y), c0));
    v128.store(y, f32x4.add(v128.load(y, 16), c1), 16);
    return;
  }
  if (columns == 4) {
    v128.store(y, f32x4.add(v128.load(y), c0));
    return;
  }
  let v = c0;
  for (let j = 0; j < columns; j++, y += 4) {
    if (j == 4) v = c1;
    store<f32>(y, load<f32>(y) + f32x4.extract_lane(v, 0));
    v = v128.shuffle<i32>(v, v, 1, 2, 3, 0);
  }
}
