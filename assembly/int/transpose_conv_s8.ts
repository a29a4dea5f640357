// int8 transposed convolution; one scale per output channel.
//
//   y       i8  [batch, outH, outW, outC]     y[iy * sH - top + ky] += x[iy] * w[ky]
//   x       i8  [batch, inH, inW, inC]        real = scale * (x + xOffset)
//   w       i8  [outC, kH, kW, inC]           OHWI, symmetric: zero point 0
//   plan    transpose_conv_pack_s8's result
//   scratch transpose_conv_scratch_s8 bytes
//
// Outputs whose (oy + top) % sH and (ox + left) % sW agree, a phase, see the same taps: each phase is a plain convolution of the
// frame with its own part of the filter, turned round.
//
// Source: CMSIS-NN 99f736a, arm_transpose_conv_s8 (C path); equal bit for bit.
import { clear_frame, store_weight, WIDTH, words_of } from "../math/products";
import { fill_record, RECORD } from "../math/rescale";
import { clamp, requantize } from "../math/requantize";
import { frame_s8 } from "../math/widen";
import { fill_pieces, pieces_bytes, table_bytes, windows_s8 } from "./tile_s8";

/** Taps of phase `r`. */
// @ts-ignore: decorator
@inline
function taps_of(k: i32, s: i32, r: i32): i32 {
  return r < k ? (k - r - 1) / s + 1 : 0;
}

/** First output of phase `r`. */
// @ts-ignore: decorator
@inline
function first_of(s: i32, r: i32, before: i32): i32 {
  return (r + s - before % s) % s;
}

/** Number of outputs of phase `r`. */
// @ts-ignore: decorator
@inline
function count_of(out: i32, s: i32, r: i32, before: i32): i32 {
  const first = first_of(s, r, before);
  return first < out ? (out - 1 - first) / s + 1 : 0;
}

/** Length of a frame's side: as many zeros before the image as a phase's longest reach, then up to the last place read. */
// @ts-ignore: decorator
@inline
function span_of(out: i32, k: i32, s: i32, before: i32): i32 {
  return taps_of(k, s, 0) + (out - 1 + before) / s;
}

/** Bytes of transpose_conv_pack_s8's result: for each phase the lists of pixels and pieces, the records and the weights. */
export function transpose_conv_packed_s8(
  inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32,
): i32 {
  const blocks = (outC + 7) >> 3;
  let bytes = 0;
  for (let ry = 0; ry < sH; ry++) for (let rx = 0; rx < sW; rx++) {
    const pixels = count_of(outH, sH, ry, top) * count_of(outW, sW, rx, left);
    const ty = taps_of(kH, sH, ry), words = ty * words_of(taps_of(kW, sW, rx) * inC);
    if (pixels) bytes += table_bytes(pixels) + pieces_bytes(ty) + blocks * (RECORD + (words << 5));
  }
  return bytes;
}

/** The table of a phase's pixels. */
function fill_phase(
  table: usize, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32, ry: i32, rx: i32,
): void {
  const spanW = span_of(outW, kW, sW, left);
  // A window of t taps begins t - 1 places before the input that the output lies over, and the frame longest - 1 before the image.
  const dy = taps_of(kH, sH, 0) - taps_of(kH, sH, ry), dx = taps_of(kW, sW, 0) - taps_of(kW, sW, rx);
  for (let oy = first_of(sH, ry, top); oy < outH; oy += sH) for (let ox = first_of(sW, rx, left); ox < outW; ox += sW, table += 8) {
    store<i32>(table, ((((oy + top) / sH + dy) * spanW + (ox + left) / sW + dx) * inC) << WIDTH);
    store<i32>(table, (oy * outW + ox) * outC, 4);
  }
  const last = load<i64>(table - 8);
  store<i64>(table, last);
  store<i64>(table, last, 8);
  store<i64>(table, last, 16);
}

/** `each`: 4 = a multiplier and a shift for each channel, 0 = one for all. */
export function transpose_conv_pack_s8(
  plan: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32,
  inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32,
  xOffset: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  const blocks = (outC + 7) >> 3;
  for (let ry = 0; ry < sH; ry++) for (let rx = 0; rx < sW; rx++) {
    const pixels = count_of(outH, sH, ry, top) * count_of(outW, sW, rx, left);
    if (!pixels) continue;
    const ty = taps_of(kH, sH, ry), tx = taps_of(kW, sW, rx), piece = words_of(tx * inC) << 5, block = ty * piece;
    fill_phase(plan, inC, outH, outW, outC, kH, kW, sH, sW, top, left, ry, rx);
    const list = plan + table_bytes(pixels);
    fill_pieces(list, ty, (span_of(outW, kW, sW, left) * inC) << WIDTH, 1, 0);
    let record = list + pieces_bytes(ty), b = record + blocks * RECORD;
    memory.fill(b, 0, blocks * block);
    for (let j = 0; j < outC; j += 8, record += RECORD, b += block) {
      for (let c = 0, n = min(8, outC - j); c < n; c++) {
        for (let uy = 0; uy < ty; uy++) for (let i = 0, end = tx * inC; i < end; i++) {
          const ky = ry + sH * (ty - 1 - uy), kx = rx + sW * (tx - 1 - i / inC);
          store_weight(b + uy * piece + (c << 2), i, load<i8>(w + (((j + c) * kH + ky) * kW + kx) * inC + i % inC));
        }
      }
      fill_record(record, j, outC, bias, b, block >> 5, xOffset, multiplier, shift, each, yOffset, yMin, yMax);
    }
    plan = b;
  }
}

/** Scratch bytes of transpose_conv_s8. */
export function transpose_conv_scratch_s8(
  inC: i32, outH: i32, outW: i32, kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32,
): i32 {
  return ((span_of(outH, kH, sH, top) * span_of(outW, kW, sW, left) * inC) << WIDTH) + 16;
}

export function transpose_conv_s8(
  y: usize, x: usize, plan: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, xOffset: i32,
): void {
  const spanH = span_of(outH, kH, sH, top), spanW = span_of(outW, kW, sW, left), blocks = (outC + 7) >> 3;
  clear_frame(scratch, (spanH * spanW * inC) << WIDTH, xOffset);
  for (let n = 0; n < batch; n++, x += inH * inW * inC, y += outH * outW * outC) {
    frame_s8(scratch, x, inH, inW, inC, spanH, spanW, taps_of(kH, sH, 0) - 1, taps_of(kW, sW, 0) - 1, xOffset);
    let phase = plan;
    for (let ry = 0; ry < sH; ry++) for (let rx = 0; rx < sW; rx++) {
      const pixels = count_of(outH, sH, ry, top) * count_of(outW, sW, rx, left);
      if (!pixels) continue;
      const ty = taps_of(kH, sH, ry), bytes = words_of(taps_of(kW, sW, rx) * inC) << 2;
      const list = phase + table_bytes(pixels), records = list + pieces_bytes(ty), b = records + blocks * RECORD;
      windows_s8(y, scratch, b, records, phase, pixels, outC, max(4, ((16384 >> WIDTH) / inC) & ~3), list, list + (ty << 2), bytes);
      phase = b + blocks * ((ty * bytes) << 3);
    }
  }
}

/** The definition; takes w as it is. */
export function transpose_conv_s8_ref(
  y: usize, x: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, xOffset: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++) for (let o = 0; o < outC; o++, y++) {
      let acc = bias ? load<i32>(bias + (o << 2)) : 0;
      for (let ky = 0; ky < kH; ky++) for (let kx = 0; kx < kW; kx++) {
        const py = oy + top - ky, px = ox + left - kx;
        if (py < 0 || py % sH || py / sH >= inH || px < 0 || px % sW || px / sW >= inW) continue;
        const xi = x + ((n * inH + py / sH) * inW + px / sW) * inC, wi = w + ((o * kH + ky) * kW + kx) * inC;
        for (let c = 0; c < inC; c++) acc += (load<i8>(xi + c) + xOffset) * load<i8>(wi + c);
      }
      store<i8>(y, clamp(requantize(acc, load<i32>(multiplier + o * each), load<i32>(shift + o * each)) + yOffset, yMin, yMax));
    }
  }
}
