// int8 depthwise convolution; one scale per output channel.
//
//   y       i8  [batch, outH, outW, inC * multiplicity]      output channel c * multiplicity + m comes from input channel c
//   x       i8  [batch, inH, inW, inC]                       real = scale * (x + xOffset)
//   w       i8  [1, kH, kW, inC * multiplicity]              symmetric: zero point 0
//   plan    depthwise_conv_pack_s8's result
//   scratch depthwise_conv_scratch_s8 bytes
//
// Source: CMSIS-NN 99f736a, arm_depthwise_conv_s8 (C path); equal bit for bit.
import { fill_table } from "../math/pixel_table";
import { clear_frame, dot, VALUES, WIDTH, words_of } from "../math/products";
import { fill_record, RECORD, rescale2, store4 } from "../math/rescale";
import { clamp, requantize } from "../math/requantize";
import { fill_taps, frame_bytes, pack_taps, spread, taps_bytes } from "./depthwise";
import { by_columns, columns_s8, pack_columns } from "./depthwise_columns_s8";
import { table_bytes } from "./tile_s8";

/** Bytes of the part of the table that is worked on at once: 32 pixels. */
// @ts-ignore: decorator
@inline
const CHUNK: i32 = 256;

/** Bytes of depthwise_conv_pack_s8's result: where taps and pixels lie, a record and the weights of each block of 8 channels. */
export function depthwise_conv_packed_s8(outH: i32, outW: i32, outC: i32, kH: i32, kW: i32): i32 {
  return taps_bytes(kH * kW) + table_bytes(outH * outW) + ((outC + 7) >> 3) * (RECORD + (words_of(kH * kW) << 5));
}

/** `each`: 4 = a multiplier and a shift for each channel, 0 = one for all. */
export function depthwise_conv_pack_s8(
  plan: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32,
  outH: i32, outW: i32, outC: i32, kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32,
  xOffset: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  const taps = kH * kW, words = words_of(taps);
  fill_taps(plan, outW, outC, kH, kW, sW, dH, dW);
  const spanW = (outW - 1) * sW + (kW - 1) * dW + 1, pixel = ((outC + 7) & ~7) << WIDTH, table = plan + taps_bytes(taps);
  fill_table(table, outH, outW, sH * spanW * pixel, sW * pixel, outW * outC, outC);
  let record = table + table_bytes(outH * outW), b = record + ((outC + 7) >> 3) * RECORD;
  for (let j = 0; j < outC; j += 8, record += RECORD, b += words << 5) {
    if (by_columns(kH, kW, sH, sW, dH, dW)) pack_columns(b, w, j, min(8, outC - j), outC);
    else pack_taps(b, w, j, min(8, outC - j), outC, taps);
    fill_record(record, j, outC, bias, b, words, xOffset, multiplier, shift, each, yOffset, yMin, yMax);
  }
}

/** Scratch bytes of depthwise_conv_s8. */
export function depthwise_conv_scratch_s8(outC: i32, outH: i32, outW: i32, kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32): i32 {
  return frame_bytes(outC, outH, outW, kH, kW, sH, sW, dH, dW);
}

/** Four pixels by 8 channels: windows at a0 .. a3, results to y0 .. y3. A pixel may be given twice. */
function tile(
  y0: usize, y1: usize, y2: usize, y3: usize, a0: usize, a1: usize, a2: usize, a3: usize,
  taps: usize, words: i32, b: usize, record: usize,
): void {
  let c00 = v128.load(record), c01 = v128.load(record, 16);
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
  for (const end = taps + ((words * VALUES) << 2); taps < end; taps += VALUES << 2, b += 32) {
    const w0 = v128.load(b), w1 = v128.load(b, 16);
    let u = even(a0, taps), v = odd(a0, taps);
    c00 = dot(c00, low(u, v), w0); c01 = dot(c01, high(u, v), w1);
    u = even(a1, taps); v = odd(a1, taps);
    c10 = dot(c10, low(u, v), w0); c11 = dot(c11, high(u, v), w1);
    u = even(a2, taps); v = odd(a2, taps);
    c20 = dot(c20, low(u, v), w0); c21 = dot(c21, high(u, v), w1);
    u = even(a3, taps); v = odd(a3, taps);
    c30 = dot(c30, low(u, v), w0); c31 = dot(c31, high(u, v), w1);
  }
  store4(y0, y1, y2, y3, rescale2(c00, c01, c10, c11, record), rescale2(c20, c21, c30, c31, record), load<i32>(record, 236));
}

/** The first half of a word's taps of 8 channels, in pairs of bytes: one tap of i16, or two of bytes interleaved. */
// @ts-ignore: decorator
@inline
function even(a: usize, taps: usize): v128 {
  return WIDTH ? v128.load(a + load<i32>(taps)) : two_taps(a + load<i32>(taps), a + load<i32>(taps, 4));
}

/** The second half. */
// @ts-ignore: decorator
@inline
function odd(a: usize, taps: usize): v128 {
  return WIDTH ? v128.load(a + load<i32>(taps, 4)) : two_taps(a + load<i32>(taps, 8), a + load<i32>(taps, 12));
}

// @ts-ignore: decorator
@inline
function two_taps(a: usize, b: usize): v128 {
  return v128.shuffle<i8>(v128.load64_zero(a), v128.load64_zero(b), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

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

export function depthwise_conv_s8(
  y: usize, x: usize, plan: usize, scratch: usize, batch: i32, inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32,
  kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, xOffset: i32,
): void {
  const words = words_of(kH * kW), blocks = (outC + 7) >> 3, pixel = (8 * blocks) << WIDTH, multiplicity = outC / max(inC, 1);
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  const table = plan + taps_bytes(kH * kW), records = table + table_bytes(outH * outW), all = table + ((outH * outW) << 3);
  clear_frame(scratch, spanH * spanW * pixel, xOffset);
  for (let n = 0; n < batch; n++, x += inH * inW * inC, y += outH * outW * outC) {
    spread<i8>(scratch, x, inH, inW, inC, multiplicity, spanH, spanW, top, left, pixel, xOffset);
    if (by_columns(kH, kW, sH, sW, dH, dW)) {
      const row = spanW * pixel, yRow = outW * outC;
      for (let oy = 0; oy < outH; oy += 2) {
        let y0 = y + oy * yRow, a = scratch + oy * row, b = records + blocks * RECORD, record = records;
        for (let j = 0; j < blocks; j++, record += RECORD, b += words << 5, a += 8, y0 += 8) {
          columns_s8(y0, oy + 1 < outH ? y0 + yRow : y0, outC, outW, a, row, pixel, b, record);
        }
      }
      continue;
    }
    // All channels of a few pixels, while their windows are near.
    for (let from = table; from < all; from += CHUNK) {
      const end = min(all, from + CHUNK);
      let record = records, b = records + blocks * RECORD, a = scratch, yj = y;
      for (let j = 0; j < blocks; j++, record += RECORD, b += words << 5, a += 8 << WIDTH, yj += 8) {
        for (let t = from; t < end; t += 32) {
          tile(
            yj + load<i32>(t, 4), yj + load<i32>(t, 12), yj + load<i32>(t, 20), yj + load<i32>(t, 28),
            a + load<i32>(t), a + load<i32>(t, 8), a + load<i32>(t, 16), a + load<i32>(t, 24), plan, words, b, record);
        }
      }
    }
  }
}

/** The definition; takes w as it is. */
export function depthwise_conv_s8_ref(
  y: usize, x: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32,
  batch: i32, inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, xOffset: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  const multiplicity = outC / max(inC, 1);
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++) for (let o = 0; o < outC; o++, y++) {
      let acc = bias ? load<i32>(bias + (o << 2)) : 0;
      for (let ky = 0; ky < kH; ky++) for (let kx = 0; kx < kW; kx++) {
        const iy = oy * sH - top + ky * dH, ix = ox * sW - left + kx * dW;
        if (iy < 0 || iy >= inH || ix < 0 || ix >= inW) continue;
        acc += (load<i8>(x + ((n * inH + iy) * inW + ix) * inC + o / multiplicity) + xOffset) * load<i8>(w + (ky * kW + kx) * outC + o);
      }
      store<i8>(y, clamp(requantize(acc, load<i32>(multiplier + o * each), load<i32>(shift + o * each)) + yOffset, yMin, yMax));
    }
  }
}
