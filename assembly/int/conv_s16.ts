// int16 convolution with int8 weights, any stride, padding, dilation and groups; one scale per output channel, zero points 0.
//
//   y       i16 [batch, outH, outW, outC]              written
//   x       i16 [batch, inH, inW, inC]
//   w       i8  [outC, kH, kW, inC / groups]           OHWI
//   packed  conv_pack_s16's result
//   bias    i64 [outC] where `wide`, else i32; or 0
//   scratch conv_scratch_s16 bytes
//
// Source: CMSIS-NN 99f736a, arm_convolve_s16 (C path); equal bit for bit, but for its defects: sums are int64 everywhere.
import { frame_image } from "../math/frame";
import { finish_s16, rescale_s16, row_s16 } from "./sums_s16";
import { flat, pack_block, window_words } from "./tile_s8";

/** Bytes of conv_pack_s16's result. */
export function conv_packed_s16(inC: i32, outC: i32, kH: i32, kW: i32, dW: i32, groups: i32): i32 {
  return groups * ((outC / groups + 7) >> 3) * (window_words(kH, kW, inC / groups, dW, groups) << 5);
}

export function conv_pack_s16(packed: usize, w: usize, inC: i32, outC: i32, kH: i32, kW: i32, dW: i32, groups: i32): void {
  const inG = inC / groups, outG = outC / groups, row = kH * kW * inG, block = window_words(kH, kW, inG, dW, groups) << 5;
  const one = flat(kW, dW, groups), pieces = one ? kH : kH * kW, length = one ? kW * inG : inG;
  for (let g = 0; g < groups; g++, w += outG * row) {
    for (let j = 0; j < outG; j += 8, packed += block) pack_block(packed, w + j * row, row, min(8, outG - j), pieces, length, 0);
  }
}

/** Scratch bytes of conv_s16. */
export function conv_scratch_s16(inC: i32, outH: i32, outW: i32, kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32): i32 {
  return 64 + ((((outH - 1) * sH + (kH - 1) * dH + 1) * ((outW - 1) * sW + (kW - 1) * dW + 1) * inC) << 1) + 16;
}

export function conv_s16(
  y: usize, x: usize, packed: usize, bias: usize, multiplier: usize, shift: usize, each: i32, wide: i32, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, groups: i32, yMin: i32, yMax: i32,
): void {
  const inG = inC / groups, outG = outC / groups, pixel = inC << 1, frame = scratch + 64;
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  const one = flat(kW, dW, groups), nx = one ? 1 : kW, bytes = (((one ? kW * inG : inG) + 1) >> 1) << 2;
  const block = window_words(kH, kW, inG, dW, groups) << 5;
  memory.fill(frame, 0, spanH * spanW * pixel);
  for (let n = 0; n < batch; n++, x += inH * inW * pixel) {
    frame_image(frame, x, inH, inW, pixel, spanH, spanW, top, left);
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++, y += outC << 1) {
      const a = frame + (oy * sH * spanW + ox * sW) * pixel;
      for (let g = 0, b = packed; g < groups; g++) {
        for (let j = 0; j < outG; j += 8, b += block) {
          const c = g * outG + j;
          row_s16(scratch, a + ((g * inG) << 1), b, kH, dH * spanW * pixel, nx, dW * pixel, bytes);
          finish_s16(y + (c << 1), scratch, min(8, outG - j), c, bias, multiplier, shift, each, wide, yMin, yMax);
        }
      }
    }
  }
}

/** The definition; takes w as it is. */
export function conv_s16_ref(
  y: usize, x: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32, wide: i32, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, groups: i32, yMin: i32, yMax: i32,
): void {
  const inG = inC / groups, outG = outC / groups;
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++) for (let o = 0; o < outC; o++, y += 2) {
      let sum: i64 = 0;
      for (let ky = 0; ky < kH; ky++) for (let kx = 0; kx < kW; kx++) {
        const iy = oy * sH - top + ky * dH, ix = ox * sW - left + kx * dW;
        if (iy < 0 || iy >= inH || ix < 0 || ix >= inW) continue;
        const xi = x + ((((n * inH + iy) * inW + ix) * inC + (o / outG) * inG) << 1), wi = w + ((o * kH + ky) * kW + kx) * inG;
        for (let c = 0; c < inG; c++) sum += i64(i32(load<i16>(xi + (c << 1))) * load<i8>(wi + c));
      }
      store<i16>(y, rescale_s16(sum, o, bias, multiplier, shift, each, wide, yMin, yMax));
    }
  }
}
