// int8 convolution, any stride, padding, dilation and groups; one scale per output channel.
//
//   y       i8  [batch, outH, outW, outC]              written
//   x       i8  [batch, inH, inW, inC]                 real = scale * (x + xOffset)
//   w       i8  [outC, kH, kW, inC / groups]           OHWI, symmetric: zero point 0
//   plan    conv_pack_s8's result
//   scratch conv_scratch_s8 bytes
//
// The image is set into a frame of zeros once; after that each window row is one contiguous piece of A, and the product with the
// packed weights needs no im2col. A 1x1 window without padding is a plain matrix product over all images, a block of pixels at a time.
//
// Source: CMSIS-NN 99f736a, arm_convolve_s8 (C path); equal bit for bit.
import { fill_table } from "../math/pixel_table";
import { clear_frame, WIDTH, words_of } from "../math/products";
import { RECORD } from "../math/rescale";
import { clamp, requantize } from "../math/requantize";
import { frame_s8, widen_pixels, widen_s8 } from "../math/widen";
import { fill_pieces, flat, gemm_s8, pack_s8, pieces_bytes, table_bytes, window_words, windows_s8 } from "./tile_s8";

/** Bytes of A that stay in the first-level cache while all channels pass. */
// @ts-ignore: decorator
@inline
const NEAR: i32 = 16384;

/** Whether every window is one pixel of the image. */
function pointwise(
  inH: i32, inW: i32, outH: i32, outW: i32, kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32,
): bool {
  return kH * kW == 1 && top == 0 && left == 0 && (outH - 1) * sH < inH && (outW - 1) * sW < inW;
}

/** Bytes of conv_pack_s8's result: the lists of pixels and pieces, a record and the weights of each block of 8 channels. */
export function conv_packed_s8(inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32, dW: i32, groups: i32): i32 {
  const blocks = groups * ((outC / groups + 7) >> 3);
  return table_bytes(outH * outW) + pieces_bytes(kH * kW) + blocks * (RECORD + (window_words(kH, kW, inC / groups, dW, groups) << 5));
}

/** `each`: 4 = a multiplier and a shift for each channel, 0 = one for all. */
export function conv_pack_s8(
  plan: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32,
  inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32, groups: i32,
  xOffset: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  const inG = inC / groups, outG = outC / groups, blocks = (outG + 7) >> 3;
  const spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  fill_table(plan, outH, outW, (sH * spanW * inC) << WIDTH, (sW * inC) << WIDTH, outW * outC, outC);
  const words = window_words(kH, kW, inG, dW, groups);
  const one = flat(kW, dW, groups), pieces = one ? kH : kH * kW, length = one ? kW * inG : inG, row = kH * kW * inG;
  const list = plan + table_bytes(outH * outW);
  fill_pieces(list, kH, (dH * spanW * inC) << WIDTH, one ? 1 : kW, (dW * inC) << WIDTH);
  let records = list + pieces_bytes(kH * kW), b = records + groups * blocks * RECORD;
  for (let g = 0; g < groups; g++, records += blocks * RECORD, b += (blocks * words) << 5) {
    const first = g * outG;
    pack_s8(
      b, records, w + first * row, row, pieces, length, 0, xOffset, outG, bias ? bias + (first << 2) : 0,
      multiplier + first * each, shift + first * each, each, yOffset, yMin, yMax);
  }
}

/** Scratch bytes of conv_s8. */
export function conv_scratch_s8(
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32,
): i32 {
  if (pointwise(inH, inW, outH, outW, kH, kW, sH, sW, top, left)) return max(NEAR, (4 * inC) << WIDTH) + 32;
  return ((((outH - 1) * sH + (kH - 1) * dH + 1) * ((outW - 1) * sW + (kW - 1) * dW + 1) * inC) << WIDTH) + 32;
}

export function conv_s8(
  y: usize, x: usize, plan: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, groups: i32, xOffset: i32,
): void {
  const inG = inC / groups, outG = outC / groups, blocks = (outG + 7) >> 3, pixels = outH * outW;
  const list = plan + table_bytes(pixels), records = list + pieces_bytes(kH * kW), b = records + groups * blocks * RECORD;
  const bBytes = blocks * (window_words(kH, kW, inG, dW, groups) << 5);
  const pixel = inC << WIDTH;
  if (pointwise(inH, inW, outH, outW, kH, kW, sH, sW, top, left)) {
    const rows = batch * pixels, chunk = max(4, (NEAR / pixel) & ~3);
    const dense = sH == 1 && sW == 1 && outH == inH && outW == inW;
    for (let i = 0, oy = 0, ox = 0, image = x; i < rows; i += chunk) {
      const n = min(chunk, rows - i);
      if (dense) widen_s8(scratch, x + i * inC, n * inC, xOffset);
      else {
        for (let r = 0; r < n; ) {
          const run = min(n - r, outW - ox);
          widen_pixels(scratch + r * pixel, image + (oy * sH * inW + ox * sW) * inC, run, inC, sW * inC, xOffset);
          r += run;
          ox += run;
          if (ox < outW) break;
          ox = 0;
          if (++oy == outH) {
            oy = 0;
            image += inH * inW * inC;
          }
        }
      }
      for (let g = 0; g < groups; g++) {
        gemm_s8(
          y + i * outC + g * outG, scratch + ((g * inG) << WIDTH), b + g * bBytes, records + g * blocks * RECORD, n, outG, pixel, outC,
          words_of(inG) << 2);
      }
    }
    return;
  }
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  const one = flat(kW, dW, groups), last = list + ((one ? kH : kH * kW) << 2), bytes = words_of(one ? kW * inG : inG) << 2;
  const chunk = max(4, (NEAR / (sH * sW * pixel)) & ~3);
  clear_frame(scratch, (spanH * spanW * inC) << WIDTH, xOffset);
  for (let n = 0; n < batch; n++, x += inH * inW * inC, y += pixels * outC) {
    frame_s8(scratch, x, inH, inW, inC, spanH, spanW, top, left, xOffset);
    for (let g = 0; g < groups; g++) {
      windows_s8(
        y + g * outG, scratch + ((g * inG) << WIDTH), b + g * bBytes, records + g * blocks * RECORD, plan, pixels, outG, chunk,
        list, last, bytes);
    }
  }
}

/** The definition; takes w as it is. */
export function conv_s8_ref(
  y: usize, x: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, groups: i32, xOffset: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  const inG = inC / groups, outG = outC / groups;
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++) for (let o = 0; o < outC; o++, y++) {
      let acc = bias ? load<i32>(bias + (o << 2)) : 0;
      for (let ky = 0; ky < kH; ky++) for (let kx = 0; kx < kW; kx++) {
        const iy = oy * sH - top + ky * dH, ix = ox * sW - left + kx * dW;
        if (iy < 0 || iy >= inH || ix < 0 || ix >= inW) continue;
        const xi = x + ((n * inH + iy) * inW + ix) * inC + (o / outG) * inG, wi = w + ((o * kH + ky) * kW + kx) * inG;
        for (let c = 0; c < inG; c++) acc += (load<i8>(xi + c) + xOffset) * load<i8>(wi + c);
      }
      store<i8>(y, clamp(requantize(acc, load<i32>(multiplier + o * each), load<i32>(shift + o * each)) + yOffset, yMin, yMax));
    }
  }
}
