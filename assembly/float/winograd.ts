// Winograd's F(4x4, 3x3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016): a tile of 4x4 outputs from 6x6 inputs
// with 36 multiplications in place of 144. The points are 0, a, -a, b, -b and infinity with a = sqrt(1/2), b = sqrt(2): they lie as evenly
// about 1 as four points can, and keep the error within three times that of the plain sum (with 1 and 2 it is twice as large).
//
//   V = B' d B   of the 6x6 inputs d of a tile      [36][tiles][k], planes v_plane bytes apart
//   U = G g G'   of the 3x3 taps g                   [36] packed matrices
//   M = V U      36 matrix products                  [36][tiles][columns]
//   y = A' M A
//
// and for the gradient of the taps: dU [outC][inC] = (A dy A')' V summed over tiles, dg = G' dU G.
// Every two-dimensional transform is a one-dimensional one twice, by columns and then by rows, four channels at a time.
import { clamp_v } from "../math/activation_f32";

/** A place for each pair of points. */
export const PLANES: i32 = 36;
const SIDE: i32 = 6;

const A: f32 = 0.70710678118654752;
const B: f32 = 1.41421356237309505;
/** a^3 and b^3. */
const A3: f32 = 0.35355339059327376;
const B3: f32 = 2.82842712474619010;

/** Rows or columns of tiles over `n` outputs. */
// @ts-ignore: decorator
@inline
export function tiles_over(n: i32): i32 {
  return (n + 3) >> 2;
}

/** Rows or columns of a frame that the tiles of `n` outputs read. */
// @ts-ignore: decorator
@inline
export function frame_side(n: i32): i32 {
  return 4 * tiles_over(n) + 2;
}

/** Bytes of a plane: a cache line more than its values, so that the planes do not fall on the same lines of the cache. */
// @ts-ignore: decorator
@inline
export function plane_bytes(tiles: i32, channels: i32): i32 {
  return tiles * channels * 4 + 64;
}

/** One dimension of B': six values `step` bytes apart to six `toStep` bytes apart. */
// @ts-ignore: decorator
@inline
function input_transform(to: usize, toStep: i32, from: usize, step: i32): void {
  const d0 = v128.load(from), d1 = v128.load(from + step), d2 = v128.load(from + 2 * step), d3 = v128.load(from + 3 * step);
  const d4 = v128.load(from + 4 * step), d5 = v128.load(from + 5 * step);
  const half = f32x4.splat(0.5), two = f32x4.splat(2), mid = f32x4.splat(2.5), a = f32x4.splat(A), b = f32x4.splat(B);
  v128.store(to, f32x4.add(f32x4.sub(d0, f32x4.mul(mid, d2)), d4));
  const even = f32x4.sub(d4, f32x4.mul(two, d2)), odd = f32x4.sub(f32x4.mul(a, d3), f32x4.mul(b, d1));
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  const even2 = f32x4.sub(d4, f32x4.mul(half, d2)), odd2 = f32x4.sub(f32x4.mul(b, d3), f32x4.mul(a, d1));
  v128.store(to + 3 * toStep, f32x4.add(even2, odd2));
  v128.store(to + 4 * toStep, f32x4.sub(even2, odd2));
  v128.store(to + 5 * toStep, f32x4.add(f32x4.sub(d1, f32x4.mul(mid, d3)), d5));
}

/** V of `count` tiles from tile `from` on; images are `aImage` bytes apart, rows `aRow`; `temp` has 576 bytes. */
export function transform_inputs(
  v: usize, plane: i32, temp: usize, a: usize, aImage: i32, aRow: i32, from: i32, count: i32, down: i32, across: i32, k: i32,
): void {
  const pixel = k << 2, each = down * across;
  for (let t = from; t < from + count; t++) {
    const place = t % each, p = a + (t / each) * aImage + 4 * (place / across) * aRow + 4 * (place % across) * pixel;
    for (let o = 0; o < pixel; o += 16, v += 16) {
      for (let x = 0, q = p + o; x < SIDE; x++, q += pixel) input_transform(temp + (x << 4), 96, q, aRow);
      for (let i = 0, to = v; i < SIDE; i++, to += 6 * plane) input_transform(to, plane, temp + i * 96, 16);
    }
  }
}

/** What becomes of a value: stored as it is, added to what is there, or given its bias and clamped. */
const PLAIN: i32 = 0;
const ADDED: i32 = 1;
const CLAMPED: i32 = 2;

// @ts-ignore: decorator
@inline
function put(to: usize, v: v128, how: i32, bias: v128, low: v128, high: v128): void {
  if (how == CLAMPED) v = clamp_v(f32x4.add(v, bias), low, high);
  else if (how == ADDED) v = f32x4.add(v128.load(to), v);
  v128.store(to, v);
}

/** One dimension of A': six values to the first `count` of four. */
// @ts-ignore: decorator
@inline
function output_transform(
  to: usize, toStep: i32, from: usize, step: i32, count: i32, how: i32, bias: v128, low: v128, high: v128,
): void {
  const m1 = v128.load(from + step), m2 = v128.load(from + 2 * step), m3 = v128.load(from + 3 * step), m4 = v128.load(from + 4 * step);
  const s = f32x4.add(m1, m2), d = f32x4.sub(m1, m2), s2 = f32x4.add(m3, m4), d2 = f32x4.sub(m3, m4);
  put(to, f32x4.add(f32x4.add(v128.load(from), s), s2), how, bias, low, high);
  if (count < 2) return;
  put(to + toStep, f32x4.add(f32x4.mul(f32x4.splat(A), d), f32x4.mul(f32x4.splat(B), d2)), how, bias, low, high);
  if (count < 3) return;
  put(to + 2 * toStep, f32x4.add(f32x4.mul(f32x4.splat(0.5), s), f32x4.mul(f32x4.splat(2), s2)), how, bias, low, high);
  if (count < 4) return;
  const cubes = f32x4.add(f32x4.mul(f32x4.splat(A3), d), f32x4.mul(f32x4.splat(B3), d2));
  put(to + 3 * toStep, f32x4.add(cubes, v128.load(from + 5 * step)), how, bias, low, high);
}

/**
 * The outputs of `count` tiles from tile `from` on, y = clamp(A' M A + bias), or y += A' M A when `add`. y is [images, outH, outW, columns];
 * tiles of M are `mTile` bytes apart; `temp` has 384 bytes.
 */
export function transform_outputs(
  y: usize, temp: usize, m: usize, plane: i32, mTile: i32, from: i32, count: i32, outH: i32, outW: i32, columns: i32,
  bias: usize, add: i32, low: f32, high: f32,
): void {
  const across = tiles_over(outW), each = tiles_over(outH) * across, pixel = columns << 2, row = outW * pixel;
  const l = f32x4.splat(low), h = f32x4.splat(high), none = f32x4.splat(0);
  for (let t = from; t < from + count; t++, m += mTile) {
    const place = t % each, top = 4 * (place / across), left = 4 * (place % across);
    const to = y + ((t / each) * outH + top) * row + left * pixel, rows = min(4, outH - top), wide = min(4, outW - left);
    for (let o = 0; o < pixel; o += 16) {
      for (let j = 0, q = m + o; j < SIDE; j++, q += plane) output_transform(temp + (j << 4), 96, q, 6 * plane, 4, PLAIN, none, none, none);
      if (add) for (let i = 0, r = to + o; i < rows; i++, r += row) output_transform(r, pixel, temp + i * 96, 16, wide, ADDED, none, none, none);
      else {
        const d = bias ? v128.load(bias + o) : none;
        for (let i = 0, r = to + o; i < rows; i++, r += row) output_transform(r, pixel, temp + i * 96, 16, wide, CLAMPED, d, l, h);
      }
    }
  }
}

/** One dimension of A: four values to six. */
// @ts-ignore: decorator
@inline
function gradient_transform(to: usize, toStep: i32, from: usize, step: i32): void {
  const g0 = v128.load(from), g1 = v128.load(from + step), g2 = v128.load(from + 2 * step), g3 = v128.load(from + 3 * step);
  v128.store(to, g0);
  const even = f32x4.add(g0, f32x4.mul(f32x4.splat(0.5), g2)), odd = f32x4.add(f32x4.mul(f32x4.splat(A), g1), f32x4.mul(f32x4.splat(A3), g3));
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  const even2 = f32x4.add(g0, f32x4.mul(f32x4.splat(2), g2)), odd2 = f32x4.add(f32x4.mul(f32x4.splat(B), g1), f32x4.mul(f32x4.splat(B3), g3));
  v128.store(to + 3 * toStep, f32x4.add(even2, odd2));
  v128.store(to + 4 * toStep, f32x4.sub(even2, odd2));
  v128.store(to + 5 * toStep, g3);
}

/** A dy A' of `count` tiles from tile `from` on, from frames of whole tiles; the rest as in transform_inputs. */
export function transform_gradients(
  to: usize, plane: i32, temp: usize, g: usize, gImage: i32, gRow: i32, from: i32, count: i32, down: i32, across: i32, c: i32,
): void {
  const pixel = c << 2, each = down * across;
  for (let t = from; t < from + count; t++) {
    const place = t % each, p = g + (t / each) * gImage + 4 * (place / across) * gRow + 4 * (place % across) * pixel;
    for (let o = 0; o < pixel; o += 16, to += 16) {
      for (let x = 0, q = p + o; x < 4; x++, q += pixel) gradient_transform(temp + (x << 4), 64, q, gRow);
      for (let i = 0, r = to; i < SIDE; i++, r += 6 * plane) gradient_transform(r, plane, temp + (i << 6), 16);
    }
  }
}

/** One dimension of G: three taps to six. */
// @ts-ignore: decorator
@inline
function tap_transform(to: usize, toStep: i32, from: usize, step: i32): void {
  const g0 = v128.load(from), g1 = v128.load(from + step), g2 = v128.load(from + 2 * step);
  const sixth = f32x4.splat(1.0 / 6), third = f32x4.splat(1.0 / 3), two = f32x4.splat(2.0 / 3);
  v128.store(to, g0);
  const even = f32x4.neg(f32x4.add(f32x4.mul(two, g0), f32x4.mul(third, g2))), odd = f32x4.mul(f32x4.splat(<f32>(2.0 / 3) * A), g1);
  v128.store(to + toStep, f32x4.sub(even, odd));
  v128.store(to + 2 * toStep, f32x4.add(even, odd));
  const even2 = f32x4.add(f32x4.mul(sixth, g0), f32x4.mul(third, g2)), odd2 = f32x4.mul(f32x4.splat(<f32>(1.0 / 6) * B), g1);
  v128.store(to + 3 * toStep, f32x4.add(even2, odd2));
  v128.store(to + 4 * toStep, f32x4.sub(even2, odd2));
  v128.store(to + 5 * toStep, g2);
}

/**
 * U of w [outC, 3, 3, inC], planes `plane` bytes apart, packed as the tile takes it; `turned`: of the taps turned by half a circle, from outC
 * to inC, as the gradient by the input needs them. `temp` has 384 bytes.
 */
export function winograd_pack(packed: usize, plane: i32, temp: usize, w: usize, outC: i32, inC: i32, turned: i32): void {
  const k = turned ? outC : inC, columns = turned ? inC : outC, tap = inC << 2, step = turned ? -tap : tap;
  if (columns & 7) memory.fill(packed, 0, PLANES * plane);
  for (let o = 0; o < outC; o++) for (let c = 0; c < inC; c += 4) {
    const first = w + ((o * 9 + (turned ? 8 : 0)) * inC + c) * 4;
    for (let x = 0; x < 3; x++) tap_transform(temp + (x << 4), 48, first + x * step, 3 * step);
    const column = turned ? c : o, row = turned ? o : c;
    let to = packed + ((column >> 3) * k + row) * 32 + ((column & 7) << 2);
    for (let i = 0; i < SIDE; i++) {
      tap_transform(temp + 288, 16, temp + i * 48, 16);
      for (let j = 0, q = temp + 288; j < SIDE; j++, q += 16, to += plane) {
        const v = v128.load(q);
        if (turned) v128.store(to, v);
        else {
          v128.store_lane<f32>(to, v, 0); v128.store_lane<f32>(to, v, 1, 32);
          v128.store_lane<f32>(to, v, 2, 64); v128.store_lane<f32>(to, v, 3, 96);
        }
      }
    }
  }
}

/** One dimension of G': six values to three. */
// @ts-ignore: decorator
@inline
function tap_gradient(to: usize, toStep: i32, from: usize, step: i32): void {
  const e1 = v128.load(from + step), e2 = v128.load(from + 2 * step), e3 = v128.load(from + 3 * step), e4 = v128.load(from + 4 * step);
  const s = f32x4.add(e1, e2), s2 = f32x4.add(e3, e4);
  const inner = f32x4.sub(f32x4.mul(f32x4.splat(1.0 / 6), s2), f32x4.mul(f32x4.splat(2.0 / 3), s));
  v128.store(to, f32x4.add(v128.load(from), inner));
  const d = f32x4.mul(f32x4.splat(<f32>(2.0 / 3) * A), f32x4.sub(e2, e1)), d2 = f32x4.mul(f32x4.splat(<f32>(1.0 / 6) * B), f32x4.sub(e3, e4));
  v128.store(to + toStep, f32x4.add(d, d2));
  const outer = f32x4.mul(f32x4.splat(1.0 / 3), f32x4.sub(s2, s));
  v128.store(to + 2 * toStep, f32x4.add(outer, v128.load(from + 5 * step)));
}

/** dw [outC, 3, 3, inC] += G' dU G, dU [36][outC][duRow bytes of inC]. `temp` has 432 bytes. */
export function winograd_unpack_add(dw: usize, temp: usize, du: usize, plane: i32, duRow: i32, outC: i32, inC: i32): void {
  const pixel = inC << 2, done = temp + 288;
  for (let o = 0; o < outC; o++, du += duRow, dw += 9 * pixel) for (let c = 0; c < pixel; c += 16) {
    for (let j = 0; j < SIDE; j++) tap_gradient(temp + (j << 4), 96, du + c + j * plane, 6 * plane);
    for (let i = 0; i < 3; i++) tap_gradient(done + i * 48, 16, temp + i * 96, 16);
    for (let i = 0, to = dw + c, q = done; i < 9; i++, to += pixel, q += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(q)));
  }
}
