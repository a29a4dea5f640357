// int8 depthwise convolution; one scale per output channel.
//
//   y       i8  [batch, outH, outW, inC * multiplicity]      output channel c * multiplicity + m comes from input channel c
//   x       i8  [batch, inH, inW, inC]                       real = scale * (x + xOffset)
//   w       i8  [1, kH, kW, inC * multiplicity]              symmetric: zero point 0
//   plan    depthwise_conv_pack_s8's result
//   scratch depthwise_conv_scratch_s8 bytes
//
// Source: CMSIS-NN 99f736a, arm_depthwise_conv_s8 (C path); equal bit for bit.
import { fill_record, RECORD, rescale2, store_bytes } from "../math/rescale";
import { clamp, requantize } from "../math/requantize";
import { fill_taps, frame_bytes, pack_taps, spread, taps_bytes } from "./depthwise";

/** Bytes of depthwise_conv_pack_s8's result: where the taps lie, a record and the weights of each block of 8 channels. */
export function depthwise_conv_packed_s8(outC: i32, kH: i32, kW: i32): i32 {
  return taps_bytes(kH * kW) + ((outC + 7) >> 3) * (RECORD + (((kH * kW + 1) >> 1) << 5));
}

/** `each`: 4 = a multiplier and a shift for each channel, 0 = one for all. */
export function depthwise_conv_pack_s8(
  plan: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32,
  outW: i32, outC: i32, kH: i32, kW: i32, sW: i32, dH: i32, dW: i32, xOffset: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  const taps = kH * kW, pairs = (taps + 1) >> 1, largest = max(abs(xOffset - 128), abs(xOffset + 127));
  fill_taps(plan, outW, outC, kH, kW, sW, dH, dW);
  let record = plan + taps_bytes(taps), b = record + ((outC + 7) >> 3) * RECORD;
  for (let j = 0; j < outC; j += 8, record += RECORD, b += pairs << 5) {
    pack_taps(b, w, j, min(8, outC - j), outC, taps);
    fill_record(record, j, outC, bias, b, pairs, largest, multiplier, shift, each, yOffset, yMin, yMax);
  }
}

/** Scratch bytes of depthwise_conv_s8. */
export function depthwise_conv_scratch_s8(outC: i32, outH: i32, outW: i32, kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32): i32 {
  return frame_bytes(outC, outH, outW, kH, kW, sH, sW, dH, dW);
}

/** Two pixels by 8 channels: windows at `a` and `a2`, results to `y` and `y2`. */
// @ts-ignore: decorator
@inline
function two(y: usize, y2: usize, a: usize, a2: usize, taps: usize, pairs: i32, b: usize, record: usize): void {
  let c0 = v128.load(record), c1 = v128.load(record, 16), d0 = c0, d1 = c1;
  for (const end = taps + (pairs << 3); taps < end; taps += 8, b += 32) {
    const t0 = load<i32>(taps), t1 = load<i32>(taps, 4), w0 = v128.load(b), w1 = v128.load(b, 16);
    const u = v128.load(a + t0), v = v128.load(a + t1);
    c0 = i32x4.add(c0, i32x4.dot_i16x8_s(v128.shuffle<i16>(u, v, 0, 8, 1, 9, 2, 10, 3, 11), w0));
    c1 = i32x4.add(c1, i32x4.dot_i16x8_s(v128.shuffle<i16>(u, v, 4, 12, 5, 13, 6, 14, 7, 15), w1));
    const s = v128.load(a2 + t0), t = v128.load(a2 + t1);
    d0 = i32x4.add(d0, i32x4.dot_i16x8_s(v128.shuffle<i16>(s, t, 0, 8, 1, 9, 2, 10, 3, 11), w0));
    d1 = i32x4.add(d1, i32x4.dot_i16x8_s(v128.shuffle<i16>(s, t, 4, 12, 5, 13, 6, 14, 7, 15), w1));
  }
  const q = rescale2(c0, c1, d0, d1, record), n = load<i32>(record, 236);
  if (n == 8) {
    v128.store64_lane(y, q, 0);
    v128.store64_lane(y2, q, 1);
  } else {
    store_bytes(y, i64x2.extract_lane(q, 0), n);
    store_bytes(y2, i64x2.extract_lane(q, 1), n);
  }
}

export function depthwise_conv_s8(
  y: usize, x: usize, plan: usize, scratch: usize, batch: i32, inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32,
  kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, xOffset: i32,
): void {
  const pairs = (kH * kW + 1) >> 1, blocks = (outC + 7) >> 3, pixel = blocks << 4, multiplicity = outC / max(inC, 1);
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  const records = plan + taps_bytes(kH * kW);
  memory.fill(scratch, 0, spanH * spanW * pixel);
  for (let n = 0; n < batch; n++, x += inH * inW * inC) {
    spread<i8>(scratch, x, inH, inW, inC, multiplicity, spanH, spanW, top, left, pixel, xOffset);
    for (let oy = 0; oy < outH; oy++, y += outW * outC) {
      let record = records, b = records + blocks * RECORD, row = scratch + oy * sH * spanW * pixel;
      for (let j = 0; j < outC; j += 8, record += RECORD, b += pairs << 5, row += 16) {
        for (let ox = 0; ox < outW; ox += 2) {
          const second = min(ox + 1, outW - 1);
          two(y + ox * outC + j, y + second * outC + j, row + ox * sW * pixel, row + second * sW * pixel, plan, pairs, b, record);
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
