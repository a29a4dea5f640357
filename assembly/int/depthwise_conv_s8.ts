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
import { fill_record, RECORD, rescale2, store4 } from "../math/rescale";
import { clamp, requantize } from "../math/requantize";
import { fill_taps, frame_bytes, pack_taps, spread, taps_bytes } from "./depthwise";
import { table_bytes } from "./tile_s8";

/** Bytes of the part of the table that is worked on at once: 32 pixels. */
// @ts-ignore: decorator
@inline
const CHUNK: i32 = 256;

/** Bytes of depthwise_conv_pack_s8's result: where taps and pixels lie, a record and the weights of each block of 8 channels. */
export function depthwise_conv_packed_s8(outH: i32, outW: i32, outC: i32, kH: i32, kW: i32): i32 {
  return taps_bytes(kH * kW) + table_bytes(outH * outW) + ((outC + 7) >> 3) * (RECORD + (((kH * kW + 1) >> 1) << 5));
}

/** `each`: 4 = a multiplier and a shift for each channel, 0 = one for all. */
export function depthwise_conv_pack_s8(
  plan: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32,
  outH: i32, outW: i32, outC: i32, kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32,
  xOffset: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  const taps = kH * kW, pairs = (taps + 1) >> 1, largest = max(abs(xOffset - 128), abs(xOffset + 127));
  fill_taps(plan, outW, outC, kH, kW, sW, dH, dW);
  const spanW = (outW - 1) * sW + (kW - 1) * dW + 1, pixel = ((outC + 7) >> 3) << 4, table = plan + taps_bytes(taps);
  fill_table(table, outH, outW, sH * spanW * pixel, sW * pixel, outW * outC, outC);
  let record = table + table_bytes(outH * outW), b = record + ((outC + 7) >> 3) * RECORD;
  for (let j = 0; j < outC; j += 8, record += RECORD, b += pairs << 5) {
    pack_taps(b, w, j, min(8, outC - j), outC, taps);
    fill_record(record, j, outC, bias, b, pairs, largest, multiplier, shift, each, yOffset, yMin, yMax);
  }
}

/** Scratch bytes of depthwise_conv_s8. */
export function depthwise_conv_scratch_s8(outC: i32, outH: i32, outW: i32, kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32): i32 {
  return frame_bytes(outC, outH, outW, kH, kW, sH, sW, dH, dW);
}

/** Four pixels by 8 channels: windows at a0 .. a3, results to y0 .. y3. A pixel may be given twice. */
function tile(
  y0: usize, y1: usize, y2: usize, y3: usize, a0: usize, a1: usize, a2: usize, a3: usize,
  taps: usize, pairs: i32, b: usize, record: usize,
): void {
  let c00 = v128.load(record), c01 = v128.load(record, 16);
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
  for (const end = taps + (pairs << 3); taps < end; taps += 8, b += 32) {
    const t0 = load<i32>(taps), t1 = load<i32>(taps, 4), w0 = v128.load(b), w1 = v128.load(b, 16);
    let u = v128.load(a0 + t0), v = v128.load(a0 + t1);
    c00 = i32x4.add(c00, i32x4.dot_i16x8_s(low(u, v), w0)); c01 = i32x4.add(c01, i32x4.dot_i16x8_s(high(u, v), w1));
    u = v128.load(a1 + t0); v = v128.load(a1 + t1);
    c10 = i32x4.add(c10, i32x4.dot_i16x8_s(low(u, v), w0)); c11 = i32x4.add(c11, i32x4.dot_i16x8_s(high(u, v), w1));
    u = v128.load(a2 + t0); v = v128.load(a2 + t1);
    c20 = i32x4.add(c20, i32x4.dot_i16x8_s(low(u, v), w0)); c21 = i32x4.add(c21, i32x4.dot_i16x8_s(high(u, v), w1));
    u = v128.load(a3 + t0); v = v128.load(a3 + t1);
    c30 = i32x4.add(c30, i32x4.dot_i16x8_s(low(u, v), w0)); c31 = i32x4.add(c31, i32x4.dot_i16x8_s(high(u, v), w1));
  }
  store4(y0, y1, y2, y3, rescale2(c00, c01, c10, c11, record), rescale2(c20, c21, c30, c31, record), load<i32>(record, 236));
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
  const pairs = (kH * kW + 1) >> 1, blocks = (outC + 7) >> 3, pixel = blocks << 4, multiplicity = outC / max(inC, 1);
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  const table = plan + taps_bytes(kH * kW), records = table + table_bytes(outH * outW), all = table + ((outH * outW) << 3);
  memory.fill(scratch, 0, spanH * spanW * pixel);
  for (let n = 0; n < batch; n++, x += inH * inW * inC, y += outH * outW * outC) {
    spread<i8>(scratch, x, inH, inW, inC, multiplicity, spanH, spanW, top, left, pixel, xOffset);
    // All channels of a few pixels, while their windows are near.
    for (let from = table; from < all; from += CHUNK) {
      const end = min(all, from + CHUNK);
      let record = records, b = records + blocks * RECORD, a = scratch, yj = y;
      for (let j = 0; j < blocks; j++, record += RECORD, b += pairs << 5, a += 16, yj += 8) {
        for (let t = from; t < end; t += 32) {
          tile(
            yj + load<i32>(t, 4), yj + load<i32>(t, 12), yj + load<i32>(t, 20), yj + load<i32>(t, 28),
            a + load<i32>(t), a + load<i32>(t, 8), a + load<i32>(t, 16), a + load<i32>(t, 24), plan, pairs, b, record);
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
