// float convolution of 3x3 taps with stride 1 by Winograd's method; channels in fours, one group, no dilation.
//
//   y       f32 [batch, outH, outW, outC]   written; clamped to low..high
//   x       f32 [batch, inH, inW, inC]
//   packed  f32 conv_3x3_pack_f32's result, of w f32 [outC, 3, 3, inC]
//   bias    f32 [outC] or 0
//   scratch conv_3x3_scratch_f32 bytes
import { frame_image } from "../math/frame";
import { winograd_gemm, winograd_pack, winograd_packed, winograd_room } from "./winograd";

/** Bytes of conv_3x3_pack_f32's result. */
export function conv_3x3_packed_f32(inC: i32, outC: i32): i32 {
  return winograd_packed(inC, outC);
}

export function conv_3x3_pack_f32(packed: usize, w: usize, outC: i32, inC: i32): void {
  winograd_pack(packed, w, outC, inC, 0);
}

/** Scratch bytes of conv_3x3_f32. */
export function conv_3x3_scratch_f32(inC: i32, outH: i32, outW: i32, outC: i32): i32 {
  return winograd_room(inC, outC) + frame_side(outH) * frame_side(outW) * inC * 4 + 64;
}

/** Rows that the tiles of `out` rows read. */
// @ts-ignore: decorator
@inline
export function frame_side(out: i32): i32 {
  return ((out + 1) & ~1) + 2;
}

export function conv_3x3_f32(
  y: usize, x: usize, packed: usize, bias: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, top: i32, left: i32, low: f32, high: f32,
): void {
  const h = frame_side(outH), w = frame_side(outW), frame = scratch + winograd_room(inC, outC), pixel = inC << 2;
  memory.fill(frame, 0, h * w * pixel);
  for (let b = 0; b < batch; b++, x += inH * inW * pixel, y += outH * outW * outC * 4) {
    frame_image(frame, x, inH, inW, pixel, h, w, top, left);
    winograd_gemm(y, frame, packed, bias, scratch, outH, outW, inC, outC, w * pixel, 0, low, high);
  }
}
