// Depthwise 3x3 windows with stride 1 where a word holds four values (products.ts): the word of a column is four rows of the frame, as two
// rows of outputs see it, and serves three windows beside each other. A general window interleaves its nine taps anew.
import { dot, store_weight, VALUES } from "../math/products";
import { rescale2, store_bytes } from "../math/rescale";

/** Whether windows are computed by columns. */
// @ts-ignore: decorator
@inline
export function by_columns(kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32): bool {
  return VALUES == 4 && kH == 3 && kW == 3 && sH == 1 && sW == 1 && dH == 1 && dW == 1;
}

/** The weights of channels `from` .. (`n` of them) of w [3, 3, outC] as the words of three columns, the fourth value 0. */
export function pack_columns(b: usize, w: usize, from: i32, n: i32, outC: i32): void {
  memory.fill(b, 0, 96);
  for (let ky = 0; ky < 3; ky++) for (let kx = 0; kx < 3; kx++) for (let c = 0; c < n; c++) {
    store_weight(b + (c << 2), 4 * kx + ky, load<i8>(w + (3 * ky + kx) * outC + from + c));
  }
}

/** Bytes of 8 channels in rows u and v, interleaved. */
// @ts-ignore: decorator
@inline
function two_rows(u: usize, v: usize): v128 {
  return v128.shuffle<i8>(v128.load64_zero(u), v128.load64_zero(v), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/** Words of channels 0 .. 3 and 4 .. 7 from the rows 0 and 1, and 2 and 3. */
// @ts-ignore: decorator
@inline
function low(u: v128, v: v128): v128 {
  return v128.shuffle<i16>(u, v, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
function high(u: v128, v: v128): v128 {
  return v128.shuffle<i16>(u, v, 4, 12, 5, 13, 6, 14, 7, 15);
}

/**
 * 8 channels of two rows of outputs, at y0 and y1, `outC` bytes a pixel; the frame's rows begin at a, `row` bytes apart, `pixel` bytes a pixel.
 * A last row of outputs alone is given twice, and the fourth row of the frame is then not read.
 */
export function columns_s8(y0: usize, y1: usize, outC: i32, outW: i32, a: usize, row: i32, pixel: i32, b: usize, record: usize): void {
  const w00 = v128.load(b), w01 = v128.load(b, 16), w10 = v128.load(b, 32), w11 = v128.load(b, 48), w20 = v128.load(b, 64), w21 = v128.load(b, 80);
  // The second row of outputs begins a row of the frame later.
  const x00 = i32x4.shl(w00, 8), x01 = i32x4.shl(w01, 8), x10 = i32x4.shl(w10, 8), x11 = i32x4.shl(w11, 8);
  const x20 = i32x4.shl(w20, 8), x21 = i32x4.shl(w21, 8), n = load<i32>(record, 236);
  let p0 = a, p1 = a + row, p2 = p1 + row, p3 = y0 == y1 ? p2 : p2 + row;
  let u = two_rows(p0, p1), v = two_rows(p2, p3);
  let c00 = low(u, v), c01 = high(u, v);
  p0 += pixel; p1 += pixel; p2 += pixel; p3 += pixel;
  u = two_rows(p0, p1); v = two_rows(p2, p3);
  let c10 = low(u, v), c11 = high(u, v);
  for (const last = y0 + outC * outW; y0 < last; y0 += outC, y1 += outC) {
    p0 += pixel; p1 += pixel; p2 += pixel; p3 += pixel;
    u = two_rows(p0, p1); v = two_rows(p2, p3);
    const c20 = low(u, v), c21 = high(u, v), start0 = v128.load(record), start1 = v128.load(record, 16);
    const q = rescale2(
      dot(dot(dot(start0, c00, w00), c10, w10), c20, w20), dot(dot(dot(start1, c01, w01), c11, w11), c21, w21),
      dot(dot(dot(start0, c00, x00), c10, x10), c20, x20), dot(dot(dot(start1, c01, x01), c11, x11), c21, x21), record);
    if (n == 8) {
      v128.store64_lane(y1, q, 1);
      v128.store64_lane(y0, q, 0);
    } else {
      store_bytes(y1, i64x2.extract_lane(q, 1), n);
      store_bytes(y0, i64x2.extract_lane(q, 0), n);
    }
    c00 = c10; c01 = c11; c10 = c20; c11 = c21;
  }
}
