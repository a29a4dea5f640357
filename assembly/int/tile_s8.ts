// The int8 tile that convolutions and dense layers share: 4 rows by 8 channels. Values, words and their products are those of products.ts.
//
//   A  four rows given by their addresses; a row is pieces of `bytes` that lie where the list `pieces` .. `end` (i32, bytes) says; a piece is
//      a whole number of words: where its length is not, the last word reads values too far, times zeros of B
//   B  [channels / 8][words][8 channels][values of a word], packed
//   Y  i8, four rows given by their addresses
import { dot, store_weight, words_of } from "../math/products";
import { fill_record, ONE_PIECE, RECORD, rescale2, store4, store_bytes } from "../math/rescale";

/** One tile. A row may be given twice. */
export function tile_s8(
  y0: usize, y1: usize, y2: usize, y3: usize, a0: usize, a1: usize, a2: usize, a3: usize, b: usize, record: usize,
  pieces: usize, end: usize, bytes: i32,
): void {
  let c00 = v128.load(record), c01 = v128.load(record, 16);
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
  for (; pieces < end; pieces += 4) {
    const o = load<i32>(pieces);
    let p0 = a0 + o, p1 = a1 + o, p2 = a2 + o, p3 = a3 + o;
    // One word a round: V8 spills an accumulator in longer rounds, which costs a quarter of the speed.
    for (const last = p0 + bytes; p0 < last; p0 += 4, p1 += 4, p2 += 4, p3 += 4, b += 32) {
      const v0 = v128.load(b), v1 = v128.load(b, 16);
      const s0 = v128.load32_splat(p0);
      c00 = dot(c00, s0, v0); c01 = dot(c01, s0, v1);
      const s1 = v128.load32_splat(p1);
      c10 = dot(c10, s1, v0); c11 = dot(c11, s1, v1);
      const s2 = v128.load32_splat(p2);
      c20 = dot(c20, s2, v0); c21 = dot(c21, s2, v1);
      const s3 = v128.load32_splat(p3);
      c30 = dot(c30, s3, v0); c31 = dot(c31, s3, v1);
    }
  }
  store4(y0, y1, y2, y3, rescale2(c00, c01, c10, c11, record), rescale2(c20, c21, c30, c31, record), load<i32>(record, 236));
}

/** One row, 8 channels. */
function row_s8(y: usize, a: usize, b: usize, record: usize, pieces: usize, end: usize, bytes: i32): void {
  let c0 = v128.load(record), c1 = v128.load(record, 16);
  for (; pieces < end; pieces += 4) {
    for (let p = a + load<i32>(pieces), last = p + bytes; p < last; p += 4, b += 32) {
      const s = v128.load32_splat(p);
      c0 = dot(c0, s, v128.load(b));
      c1 = dot(c1, s, v128.load(b, 16));
    }
  }
  store_bytes(y, i64x2.extract_lane(rescale2(c0, c1, c0, c1, record), 0), load<i32>(record, 236));
}

/**
 * y [rows, channels] = a [rows, k] * b; `aRow` and `yRow` are the bytes from a row to the next, `bytes` those of a row's words.
 * The caller keeps `rows * aRow` inside the first-level cache.
 */
export function gemm_s8(y: usize, a: usize, b: usize, records: usize, rows: i32, channels: i32, aRow: i32, yRow: i32, bytes: i32): void {
  for (let j = 0; j < channels; j += 8, y += 8, b += bytes << 3, records += RECORD) {
    const piece = records + ONE_PIECE, end = piece + 4;
    let i = 0, yi = y, ai = a;
    for (; i <= rows - 4; i += 4, yi += yRow << 2, ai += aRow << 2) {
      tile_s8(
        yi, yi + yRow, yi + 2 * yRow, yi + 3 * yRow, ai, ai + aRow, ai + 2 * aRow, ai + 3 * aRow, b, records, piece, end, bytes);
    }
    const left = rows - i;
    if (left == 1) row_s8(yi, ai, b, records, piece, end, bytes);
    else if (left > 1) {
      const last = left - 1;
      tile_s8(
        yi, yi + yRow, yi + last * yRow, yi + last * yRow, ai, ai + aRow, ai + last * aRow, ai + last * aRow, b, records,
        piece, end, bytes);
    }
  }
}

/** Whether a window row is one piece. */
// @ts-ignore: decorator
@inline
export function flat(kW: i32, dW: i32, groups: i32): bool {
  return kW == 1 || (dW == 1 && groups == 1);
}

/** Words of one output channel. */
export function window_words(kH: i32, kW: i32, inG: i32, dW: i32, groups: i32): i32 {
  return flat(kW, dW, groups) ? kH * words_of(kW * inG) : kH * kW * words_of(inG);
}

/** Bytes of a table of `pixels`. */
// @ts-ignore: decorator
@inline
export function table_bytes(pixels: i32): i32 {
  return ((pixels + 3) << 3) + 15 & ~15;
}

/** Bytes of a list of pieces. */
// @ts-ignore: decorator
@inline
export function pieces_bytes(pieces: i32): i32 {
  return ((pieces << 2) + 15) & ~15;
}

/** The list of ny * nx pieces that lie sy and sx bytes apart. */
export function fill_pieces(list: usize, ny: i32, sy: i32, nx: i32, sx: i32): void {
  for (let iy = 0; iy < ny; iy++) for (let ix = 0; ix < nx; ix++, list += 4) store<i32>(list, iy * sy + ix * sx);
}

/** y = windows of a * b over the pixels of a table, `chunk` pixels (a multiple of 4) at a time for all channels. */
export function windows_s8(
  y: usize, a: usize, b: usize, records: usize, table: usize, pixels: i32, channels: i32, chunk: i32,
  pieces: usize, last: usize, bytes: i32,
): void {
  const block = i32(last - pieces) * bytes << 1;
  for (const all = table + (pixels << 3); table < all; table += chunk << 3) {
    const end = min(all, table + (chunk << 3));
    for (let j = 0, yj = y, bj = b, record = records; j < channels; j += 8, yj += 8, bj += block, record += RECORD) {
      let t = table;
      for (; t + 8 < end; t += 32) {
        tile_s8(
          yj + load<i32>(t, 4), yj + load<i32>(t, 12), yj + load<i32>(t, 20), yj + load<i32>(t, 28),
          a + load<i32>(t), a + load<i32>(t, 8), a + load<i32>(t, 16), a + load<i32>(t, 24), bj, record, pieces, last, bytes);
      }
      if (t < end) row_s8(yj + load<i32>(t, 4), a + load<i32>(t), bj, record, pieces, last, bytes);
    }
  }
}

/**
 * One block of B: `channels` (1..8) rows of `w`, `row` bytes apart, each of `pieces` pieces of `length` int8 one after another; `offset`
 * is added to every weight.
 */
export function pack_block(b: usize, w: usize, row: i32, channels: i32, pieces: i32, length: i32, offset: i32): void {
  const words = words_of(length);
  memory.fill(b, 0, (pieces * words) << 5);
  for (let c = 0; c < channels; c++, w += row) {
    let from = w, to = b + (c << 2);
    for (let p = 0; p < pieces; p++, to += words << 5) {
      for (let i = 0; i < length; i++, from++) store_weight(to, i, load<i8>(from) + offset);
    }
  }
}

/** Packs all `channels` rows of `w` and fills their records. */
export function pack_s8(
  b: usize, records: usize, w: usize, row: i32, pieces: i32, length: i32, offset: i32, xOffset: i32,
  channels: i32, bias: usize, multiplier: usize, shift: usize, each: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  const words = pieces * words_of(length);
  for (let j = 0; j < channels; j += 8, records += RECORD, b += words << 5, w += row << 3) {
    pack_block(b, w, row, min(8, channels - j), pieces, length, offset);
    fill_record(records, j, channels, bias, b, words, xOffset, multiplier, shift, each, yOffset, yMin, yMax);
  }
}
