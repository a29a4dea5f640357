// Winograd's method for 3x3 taps with stride 1 or 2 (`s`): every two-dimensional transform is a one-dimensional one (winograd_lines.ts) by
// columns and then by rows.
//
//   V   of the inputs of a tile      [planes][tiles][inC], planes a cache line further apart than their values need
//   U   of the taps                  [planes] packed matrices
//   M   V U, or the gradients of y   [planes][tiles][outC]
//
// Stride 1: a tile is 4x4 outputs from 6x6 inputs with 36 products in place of 144; stride 2: 2x2 from 5x5 with 25 in place of 36. Tiles lie
// 4 inputs apart and are numbered through all images of a group. `temp` has TEMP bytes.
import { back_line, gradient_line, input_line, output_line, outputs, side, tap_gradient_line, tap_line } from "./winograd_lines";
import { planes, tiles_over } from "./winograd_sizes";

/** V of `count` tiles from tile `from` on, `down` by `across` for each image; frames are aImage bytes apart, their rows aRow. */
export function transform_inputs(
  s: i32, v: usize, plane: i32, temp: usize, a: usize, aImage: i32, aRow: i32, from: i32, count: i32, down: i32, across: i32, inC: i32,
): void {
  const pixel = inC << 2, each = down * across;
  for (let t = from; t < from + count; t++) {
    const place = t % each, p = a + (t / each) * aImage + 4 * (place / across) * aRow + 4 * (place % across) * pixel;
    for (let o = 0; o < pixel; o += 16, v += 16) {
      if (s == 1) input_tile(1, v, plane, temp, p + o, aRow, pixel);
      else input_tile(2, v, plane, temp, p + o, aRow, pixel);
    }
  }
}

// @ts-ignore: decorator
@inline
function input_tile(s: i32, v: usize, plane: i32, temp: usize, p: usize, row: i32, pixel: i32): void {
  for (let x = 0; x < side(s); x++, p += pixel) input_line(s, temp + (x << 4), side(s) << 4, p, row);
  for (let i = 0, to = v; i < side(s); i++, to += side(s) * plane) input_line(s, to, plane, temp + i * (side(s) << 4), 16);
}

/** A dy A' of `count` tiles from tile `from` on, from frames of whole tiles; the rest as in transform_inputs. */
export function transform_gradients(
  s: i32, to: usize, plane: i32, temp: usize, g: usize, gImage: i32, gRow: i32, from: i32, count: i32, down: i32, across: i32, outC: i32,
): void {
  const pixel = outC << 2, each = down * across;
  for (let t = from; t < from + count; t++) {
    const place = t % each, p = g + (t / each) * gImage + outputs(s) * ((place / across) * gRow + (place % across) * pixel);
    for (let o = 0; o < pixel; o += 16, to += 16) {
      if (s == 1) gradient_tile(1, to, plane, temp, p + o, gRow, pixel);
      else gradient_tile(2, to, plane, temp, p + o, gRow, pixel);
    }
  }
}

// @ts-ignore: decorator
@inline
function gradient_tile(s: i32, to: usize, plane: i32, temp: usize, p: usize, row: i32, pixel: i32): void {
  for (let x = 0; x < outputs(s); x++, p += pixel) gradient_line(s, temp + (x << 4), outputs(s) << 4, p, row);
  for (let i = 0, r = to; i < side(s); i++, r += side(s) * plane) gradient_line(s, r, plane, temp + i * (outputs(s) << 4), 16);
}

/** y [images, outH, outW, outC] = clamp(A' M A + bias) of `count` tiles from tile `from` on; tiles of M are `mTile` bytes apart. */
export function transform_outputs(
  s: i32, y: usize, temp: usize, m: usize, plane: i32, mTile: i32, from: i32, count: i32, outH: i32, outW: i32, outC: i32,
  bias: usize, low: f32, high: f32,
): void {
  const across = tiles_over(s, outW), each = tiles_over(s, outH) * across, pixel = outC << 2, row = outW * pixel;
  const l = f32x4.splat(low), h = f32x4.splat(high), none = f32x4.splat(0);
  for (let t = from; t < from + count; t++, m += mTile) {
    const place = t % each, top = outputs(s) * (place / across), left = outputs(s) * (place % across);
    const to = y + ((t / each) * outH + top) * row + left * pixel, rows = min(outputs(s), outH - top), wide = min(outputs(s), outW - left);
    for (let o = 0; o < pixel; o += 16) {
      const d = bias ? v128.load(bias + o) : none;
      if (s == 1) output_tile(1, to + o, row, pixel, temp, m + o, plane, rows, wide, d, l, h);
      else output_tile(2, to + o, row, pixel, temp, m + o, plane, rows, wide, d, l, h);
    }
  }
}

// @ts-ignore: decorator
@inline
function output_tile(
  s: i32, y: usize, row: i32, pixel: i32, temp: usize, m: usize, plane: i32, rows: i32, wide: i32, bias: v128, low: v128, high: v128,
): void {
  for (let j = 0; j < side(s); j++, m += plane) {
    output_line(s, temp + (j << 4), side(s) << 4, m, side(s) * plane, outputs(s), false, bias, low, high);
  }
  for (let i = 0; i < rows; i++, y += row) output_line(s, y, pixel, temp + i * (side(s) << 4), 16, wide, true, bias, low, high);
}

/**
 * dx [images, inH, inW, inC] += B dV B' of `count` tiles from tile `from` on; tiles of dV are `vTile` bytes apart, the first one's inputs
 * begin `top` rows above and `left` columns before the image.
 */
export function transform_back(
  s: i32, dx: usize, temp: usize, v: usize, plane: i32, vTile: i32, from: i32, count: i32, down: i32, across: i32,
  inH: i32, inW: i32, inC: i32, top: i32, left: i32,
): void {
  const each = down * across, pixel = inC << 2, row = inW * pixel;
  for (let t = from; t < from + count; t++, v += vTile) {
    const place = t % each, y = 4 * (place / across) - top, x = 4 * (place % across) - left;
    const y0 = max(0, -y), y1 = min(side(s), inH - y), x0 = max(0, -x), x1 = min(side(s), inW - x);
    const to = dx + (t / each) * inH * row + y * row + x * pixel;
    for (let o = 0; o < pixel; o += 16) {
      if (s == 1) back_tile(1, to + o, row, pixel, temp, v + o, plane, y0, y1, x0, x1);
      else back_tile(2, to + o, row, pixel, temp, v + o, plane, y0, y1, x0, x1);
    }
  }
}

// @ts-ignore: decorator
@inline
function back_tile(
  s: i32, dx: usize, row: i32, pixel: i32, temp: usize, v: usize, plane: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  const line = temp + planes(s) * 16;
  for (let j = 0; j < side(s); j++, v += plane) back_line(s, temp + (j << 4), side(s) << 4, v, side(s) * plane);
  for (let i = y0; i < y1; i++) {
    back_line(s, line, 16, temp + i * (side(s) << 4), 16);
    for (let x = x0, p = dx + i * row + x0 * pixel; x < x1; x++, p += pixel) v128.store(p, f32x4.add(v128.load(p), v128.load(line + (x << 4))));
  }
}

/** U of w [outC, 3, 3, inC], planes `plane` bytes apart, packed as the tile takes it: from inC to outC, or from outC to inC when `back`. */
export function winograd_pack(s: i32, packed: usize, plane: i32, temp: usize, w: usize, outC: i32, inC: i32, back: i32): void {
  const k = back ? outC : inC, columns = back ? inC : outC, tap = inC << 2, line = temp + 288;
  if (columns & 7) memory.fill(packed, 0, planes(s) * plane);
  for (let o = 0; o < outC; o++) for (let c = 0; c < inC; c += 4) {
    for (let x = 0, p = w + (o * 9 * inC + c) * 4; x < 3; x++, p += tap) tap_line(s, temp + (x << 4), 48, p, 3 * tap);
    const column = back ? c : o, row = back ? o : c;
    let to = packed + ((column >> 3) * k + row) * 32 + ((column & 7) << 2);
    for (let i = 0; i < side(s); i++) {
      tap_line(s, line, 16, temp + i * 48, 16);
      for (let j = 0, q = line; j < side(s); j++, q += 16, to += plane) {
        const v = v128.load(q);
        if (back) v128.store(to, v);
        else {
          v128.store_lane<f32>(to, v, 0); v128.store_lane<f32>(to, v, 1, 32);
          v128.store_lane<f32>(to, v, 2, 64); v128.store_lane<f32>(to, v, 3, 96);
        }
      }
    }
  }
}

/** dw [outC, 3, 3, inC] += G' dU G, dU [planes][outC][duRow bytes of inC]. */
export function winograd_unpack_add(s: i32, dw: usize, temp: usize, du: usize, plane: i32, duRow: i32, outC: i32, inC: i32): void {
  const pixel = inC << 2, line = temp + 288;
  for (let o = 0; o < outC; o++, du += duRow, dw += 9 * pixel) for (let c = 0; c < pixel; c += 16) {
    for (let j = 0; j < side(s); j++) tap_gradient_line(s, temp + (j << 4), side(s) << 4, du + c + j * plane, side(s) * plane);
    for (let i = 0, to = dw + c; i < 3; i++) {
      tap_gradient_line(s, line, 16, temp + i * (side(s) << 4), 16);
      for (let x = 0; x < 48; x += 16, to += pixel) v128.store(to, f32x4.add(v128.load(to), v128.load(line + x)));
    }
  }
}
