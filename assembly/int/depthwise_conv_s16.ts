// int16 depthwise convolution with int8 weights; one scale per output channel, zero points 0.
//
//   y       i16 [batch, outH, outW, inC * multiplicity]      output channel c * multiplicity + m comes from input channel c
//   x       i16 [batch, inH, inW, inC]
//   w       i8  [1, kH, kW, inC * multiplicity]
//   plan    depthwise_conv_pack_s16's result
//   bias    i64 [outC] where `wide`, else i32; or 0
//   scratch depthwise_conv_scratch_s16 bytes
//
// Source: CMSIS-NN 99f736a, arm_depthwise_conv_s16 (C path); equal bit for bit.
import { fill_taps, frame_bytes, pack_taps, spread, taps_bytes } from "./depthwise";
import { add_sums, finish_s16, rescale_s16 } from "./sums_s16";

/** Bytes of depthwise_conv_pack_s16's result: where the taps lie, and the weights of each block of 8 channels. */
export function depthwise_conv_packed_s16(outC: i32, kH: i32, kW: i32): i32 {
  return taps_bytes(kH * kW) + ((outC + 7) >> 3) * (((kH * kW + 1) >> 1) << 5);
}

export function depthwise_conv_pack_s16(plan: usize, w: usize, outW: i32, outC: i32, kH: i32, kW: i32, sW: i32, dH: i32, dW: i32): void {
  const taps = kH * kW, block = ((taps + 1) >> 1) << 5;
  fill_taps(plan, outW, outC, kH, kW, sW, dH, dW);
  for (let j = 0, b = plan + taps_bytes(taps); j < outC; j += 8, b += block) pack_taps(b, w, j, min(8, outC - j), outC, taps);
}

/** Scratch bytes of depthwise_conv_s16. */
export function depthwise_conv_scratch_s16(outC: i32, outH: i32, outW: i32, kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32): i32 {
  return 64 + frame_bytes(outC, outH, outW, kH, kW, sH, sW, dH, dW);
}

/** sums i64[8] of the window at `a`. */
function window(sums: usize, a: usize, taps: usize, pairs: i32, b: usize): void {
  memory.fill(sums, 0, 64);
  for (const all = taps + (pairs << 3); taps < all; ) {
    let c0 = i32x4.splat(0), c1 = c0;
    for (const end = min(all, taps + 1024); taps < end; taps += 8, b += 32) {
      const u = v128.load(a + load<i32>(taps)), v = v128.load(a + load<i32>(taps, 4));
      c0 = i32x4.add(c0, i32x4.dot_i16x8_s(v128.shuffle<i16>(u, v, 0, 8, 1, 9, 2, 10, 3, 11), v128.load(b)));
      c1 = i32x4.add(c1, i32x4.dot_i16x8_s(v128.shuffle<i16>(u, v, 4, 12, 5, 13, 6, 14, 7, 15), v128.load(b, 16)));
    }
    add_sums(sums, c0, c1);
  }
}

export function depthwise_conv_s16(
  y: usize, x: usize, plan: usize, bias: usize, multiplier: usize, shift: usize, each: i32, wide: i32, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, yMin: i32, yMax: i32,
): void {
  const pairs = (kH * kW + 1) >> 1, pixel = ((outC + 7) >> 3) << 4, frame = scratch + 64;
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  memory.fill(frame, 0, spanH * spanW * pixel);
  for (let n = 0; n < batch; n++, x += (inH * inW * inC) << 1) {
    spread<i16>(frame, x, inH, inW, inC, outC / max(inC, 1), spanH, spanW, top, left, pixel, 0);
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++, y += outC << 1) {
      let a = frame + (oy * sH * spanW + ox * sW) * pixel;
      for (let j = 0, b = plan + taps_bytes(kH * kW); j < outC; j += 8, a += 16, b += pairs << 5) {
        window(scratch, a, plan, pairs, b);
        finish_s16(y + (j << 1), scratch, min(8, outC - j), j, bias, multiplier, shift, each, wide, yMin, yMax);
      }
    }
  }
}

/** The definition; takes w as it is. */
export function depthwise_conv_s16_ref(
  y: usize, x: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32, wide: i32, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, yMin: i32, yMax: i32,
): void {
  const multiplicity = outC / max(inC, 1);
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++) for (let o = 0; o < outC; o++, y += 2) {
      let sum: i64 = 0;
      for (let ky = 0; ky < kH; ky++) for (let kx = 0; kx < kW; kx++) {
        const iy = oy * sH - top + ky * dH, ix = ox * sW - left + kx * dW;
        if (iy < 0 || iy >= inH || ix < 0 || ix >= inW) continue;
        const xi = x + ((((n * inH + iy) * inW + ix) * inC + o / multiplicity) << 1);
        sum += i64(i32(load<i16>(xi)) * load<i8>(w + (ky * kW + kx) * outC + o));
      }
      store<i16>(y, rescale_s16(sum, o, bias, multiplier, shift, each, wide, yMin, yMax));
    }
  }
}
