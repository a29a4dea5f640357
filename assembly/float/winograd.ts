// Winograd's F(2x2, 3x3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016): a tile of 2x2 outputs from 4x4 inputs
// with 16 multiplications in place of 36.
//
//   V = B' d B   of the 4x4 inputs d of a tile      [16][tiles][k], planes V_PLANE bytes apart
//   U = G g G'   of the 3x3 taps g                   [16] packed matrices
//   M = V U      sixteen matrix products             [16][tiles][columns]
//   y = A' M A
//
// Channels come in fours. Tiles go in strips, so that V and M stay in the cache. The order of all sums depends on the shapes alone.
import { clamp_v } from "../math/activation_f32";
import { gemm_f32 } from "./gemm_f32";
import { packed_bytes } from "./tile";

/** Tiles in a strip. */
// @ts-ignore: decorator
@inline
export function strip_tiles(k: i32, columns: i32): i32 {
  return max(16, (2048 / (k + columns)) & ~3);
}

/** Bytes of a plane: a cache line more than its values, so that sixteen planes do not fall on the same lines of the cache. */
// @ts-ignore: decorator
@inline
export function plane_bytes(tiles: i32, channels: i32): i32 {
  return tiles * channels * 4 + 64;
}

/** Bytes of V and M. */
export function winograd_room(k: i32, columns: i32): i32 {
  const tiles = strip_tiles(k, columns);
  return 16 * (plane_bytes(tiles, k) + plane_bytes(tiles, columns));
}

/** Bytes of U. */
// @ts-ignore: decorator
@inline
export function winograd_packed(k: i32, columns: i32): i32 {
  return 16 * packed_bytes(k, columns);
}

/** U of w [outC, 3, 3, inC]; `turned`: of the taps turned by half a circle, from outC to inC, as the gradient by the input needs them. */
export function winograd_pack(packed: usize, w: usize, outC: i32, inC: i32, turned: i32): void {
  const k = turned ? outC : inC, columns = turned ? inC : outC, plane = packed_bytes(k, columns);
  if (columns & 7) memory.fill(packed, 0, 16 * plane);
  for (let o = 0; o < outC; o++) for (let c = 0; c < inC; c++) {
    const column = turned ? c : o, row = turned ? o : c;
    const to = packed + ((column >> 3) * k + row) * 32 + ((column & 7) << 2);
    for (let i = 0; i < 4; i++) {
      const g0 = mixed(w, o, c, inC, turned, i, 0), g1 = mixed(w, o, c, inC, turned, i, 1), g2 = mixed(w, o, c, inC, turned, i, 2);
      store<f32>(to + (4 * i) * plane, g0);
      store<f32>(to + (4 * i + 1) * plane, <f32>0.5 * (g0 + g1 + g2));
      store<f32>(to + (4 * i + 2) * plane, <f32>0.5 * (g0 - g1 + g2));
      store<f32>(to + (4 * i + 3) * plane, g2);
    }
  }
}

/** Row i of G times column x of the taps. */
// @ts-ignore: decorator
@inline
function mixed(w: usize, o: i32, c: i32, inC: i32, turned: i32, i: i32, x: i32): f32 {
  const a = tap(w, o, c, inC, turned ? 8 - x : x), b = tap(w, o, c, inC, turned ? 5 - x : 3 + x), d = tap(w, o, c, inC, turned ? 2 - x : 6 + x);
  if (i == 0) return a;
  if (i == 3) return d;
  return <f32>0.5 * (i == 1 ? a + b + d : a - b + d);
}

// @ts-ignore: decorator
@inline
function tap(w: usize, o: i32, c: i32, inC: i32, t: i32): f32 {
  return load<f32>(w + (((o * 9 + t) * inC + c) << 2));
}

/**
 * y = clamp(windows of a * U + bias), or y += windows * U when `add`. `a` is a frame of (2 * tiles + 2) rows and columns of k channels,
 * rows `aRow` bytes apart; `room` has winograd_room bytes.
 */
export function winograd_gemm(
  y: usize, a: usize, packed: usize, bias: usize, room: usize, outH: i32, outW: i32, k: i32, columns: i32, aRow: i32,
  add: i32, low: f32, high: f32,
): void {
  const across = (outW + 1) >> 1, tiles = ((outH + 1) >> 1) * across, strip = strip_tiles(k, columns);
  const vPlane = plane_bytes(strip, k), mPlane = plane_bytes(strip, columns), m = room + 16 * vPlane, plane = packed_bytes(k, columns);
  for (let from = 0; from < tiles; from += strip) {
    const count = min(strip, tiles - from);
    transform_inputs(room, vPlane, a, aRow, from, count, across, k);
    for (let i = 0; i < 16; i++) {
      gemm_f32(m + i * mPlane, room + i * vPlane, packed + i * plane, 0, count, k, columns, k << 2, columns << 2, 0, -Infinity, Infinity);
    }
    for (let t = 0; t < count; t++) {
      const ty = (from + t) / across, tx = (from + t) % across, to = y + ((2 * ty * outW + 2 * tx) * columns << 2);
      output_tile(to, outW * columns * 4, columns << 2, 2 * ty + 1 < outH, 2 * tx + 1 < outW, m + t * columns * 4, mPlane, columns, bias, add, low, high);
    }
  }
}

/** V of `count` tiles from tile `from` on. */
export function transform_inputs(v: usize, plane: i32, a: usize, aRow: i32, from: i32, count: i32, across: i32, k: i32): void {
  const pixel = k << 2;
  for (let t = 0; t < count; t++, v += pixel) {
    const ty = (from + t) / across, tx = (from + t) % across, p = a + 2 * ty * aRow + 2 * tx * pixel;
    for (let o = 0; o < pixel; o += 16) {
      const r0 = p + o, r1 = r0 + aRow, r2 = r1 + aRow, r3 = r2 + aRow, to = v + o;
      input_row(to, plane, r0, r2, pixel, 0);
      input_row(to + 4 * plane, plane, r1, r2, pixel, 1);
      input_row(to + 8 * plane, plane, r2, r1, pixel, 0);
      input_row(to + 12 * plane, plane, r1, r3, pixel, 0);
    }
  }
}

/** Four values of V from the sum or difference of two rows of a tile. */
// @ts-ignore: decorator
@inline
function input_row(to: usize, plane: i32, p: usize, q: usize, pixel: i32, sum: i32): void {
  const e0 = pair(v128.load(p), v128.load(q), sum), e1 = pair(v128.load(p + pixel), v128.load(q + pixel), sum);
  const e2 = pair(v128.load(p + 2 * pixel), v128.load(q + 2 * pixel), sum), e3 = pair(v128.load(p + 3 * pixel), v128.load(q + 3 * pixel), sum);
  v128.store(to, f32x4.sub(e0, e2));
  v128.store(to + plane, f32x4.add(e1, e2));
  v128.store(to + 2 * plane, f32x4.sub(e2, e1));
  v128.store(to + 3 * plane, f32x4.sub(e1, e3));
}

// @ts-ignore: decorator
@inline
function pair(a: v128, b: v128, sum: i32): v128 {
  return sum ? f32x4.add(a, b) : f32x4.sub(a, b);
}

/** The 2x2 outputs of a tile; `below` and `right`: whether its second row and column lie inside the image. */
function output_tile(
  y: usize, yRow: i32, pixel: i32, below: bool, right: bool, m: usize, plane: i32, columns: i32, bias: usize, add: i32, low: f32, high: f32,
): void {
  const l = f32x4.splat(low), h = f32x4.splat(high);
  for (let j = 0; j < columns; j += 4, m += 16, y += 16) {
    const d = bias ? v128.load(bias + (j << 2)) : f32x4.splat(0);
    let s0 = top_sum(m, plane), s1 = top_sum(m + plane, plane), s2 = top_sum(m + 2 * plane, plane), s3 = top_sum(m + 3 * plane, plane);
    put(y, f32x4.add(f32x4.add(s0, s1), s2), d, add, l, h);
    if (right) put(y + pixel, f32x4.sub(f32x4.sub(s1, s2), s3), d, add, l, h);
    if (below) {
      s0 = bottom_sum(m, plane); s1 = bottom_sum(m + plane, plane); s2 = bottom_sum(m + 2 * plane, plane); s3 = bottom_sum(m + 3 * plane, plane);
      put(y + yRow, f32x4.add(f32x4.add(s0, s1), s2), d, add, l, h);
      if (right) put(y + yRow + pixel, f32x4.sub(f32x4.sub(s1, s2), s3), d, add, l, h);
    }
  }
}

// @ts-ignore: decorator
@inline
function top_sum(m: usize, plane: i32): v128 {
  return f32x4.add(f32x4.add(v128.load(m), v128.load(m + 4 * plane)), v128.load(m + 8 * plane));
}

// @ts-ignore: decorator
@inline
function bottom_sum(m: usize, plane: i32): v128 {
  return f32x4.sub(f32x4.sub(v128.load(m + 4 * plane), v128.load(m + 8 * plane)), v128.load(m + 12 * plane));
}

// @ts-ignore: decorator
@inline
function put(y: usize, v: v128, bias: v128, add: i32, low: v128, high: v128): void {
  v128.store(y, add ? f32x4.add(v128.load(y), v) : clamp_v(f32x4.add(v, bias), low, high));
}

/** A g A' of the 2x2 gradients of each tile: [16][tiles][c] from a frame of whole tiles, rows `gRow` bytes apart. */
export function transform_gradients(to: usize, plane: i32, g: usize, gRow: i32, from: i32, count: i32, across: i32, c: i32): void {
  const pixel = c << 2;
  for (let t = 0; t < count; t++, to += pixel) {
    const ty = (from + t) / across, tx = (from + t) % across, p = g + 2 * ty * gRow + 2 * tx * pixel;
    for (let o = 0; o < pixel; o += 16) {
      const q = p + o, g00 = v128.load(q), g01 = v128.load(q + pixel), g10 = v128.load(q + gRow), g11 = v128.load(q + gRow + pixel);
      gradient_row(to + o, plane, g00, g01);
      gradient_row(to + o + 4 * plane, plane, f32x4.add(g00, g10), f32x4.add(g01, g11));
      gradient_row(to + o + 8 * plane, plane, f32x4.sub(g00, g10), f32x4.sub(g01, g11));
      gradient_row(to + o + 12 * plane, plane, f32x4.neg(g10), f32x4.neg(g11));
    }
  }
}

// @ts-ignore: decorator
@inline
function gradient_row(to: usize, plane: i32, a: v128, b: v128): void {
  v128.store(to, a);
  v128.store(to + plane, f32x4.add(a, b));
  v128.store(to + 2 * plane, f32x4.sub(a, b));
  v128.store(to + 3 * plane, f32x4.neg(b));
}

/** dw [outC, 3, 3, inC] += G' dU G, dU [16][outC][inC]. */
export function winograd_unpack_add(dw: usize, du: usize, outC: i32, inC: i32): void {
  const plane = outC * inC * 4, half = f32x4.splat(0.5), row = inC << 2;
  for (let o = 0; o < outC; o++, dw += 9 * row) for (let c = 0; c < row; c += 16, du += 16) {
    for (let i = 0; i < 3; i++) {
      const e0 = back(du, plane, i, half), e1 = back(du + plane, plane, i, half), e2 = back(du + 2 * plane, plane, i, half), e3 = back(du + 3 * plane, plane, i, half);
      const to = dw + 3 * i * row + c, sum = f32x4.mul(half, f32x4.add(e1, e2));
      v128.store(to, f32x4.add(v128.load(to), f32x4.add(e0, sum)));
      v128.store(to + row, f32x4.add(v128.load(to + row), f32x4.mul(half, f32x4.sub(e1, e2))));
      v128.store(to + 2 * row, f32x4.add(v128.load(to + 2 * row), f32x4.add(sum, e3)));
    }
  }
}

/** Row i of G' times a column of dU. */
// @ts-ignore: decorator
@inline
function back(du: usize, plane: i32, i: i32, half: v128): v128 {
  const a = v128.load(du + 4 * plane), b = v128.load(du + 8 * plane);
  if (i == 1) return f32x4.mul(half, f32x4.sub(a, b));
  const sum = f32x4.mul(half, f32x4.add(a, b));
  return i == 0 ? f32x4.add(v128.load(du), sum) : f32x4.add(sum, v128.load(du + 12 * plane));
}
