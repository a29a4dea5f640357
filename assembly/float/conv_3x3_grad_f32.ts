// Gradients of the 3x3 convolution by Winograd's method. What they fill they add to; operands as conv_grad_f32 takes them.
//
// dx is the convolution of dy with the taps turned around. dw: for each tile the products of its transformed inputs and gradients are summed
// in the transformed space, over the tiles of a strip, then over strips and images, and turned back once at the end.
import { mask_image } from "../math/activation_f32";
import { frame_image } from "../math/frame";
import { frame_side } from "./conv_3x3_f32";
import { add_columns, window_grad_w } from "./window_grad";
import {
  plane_bytes, strip_tiles, transform_gradients, transform_inputs, winograd_gemm, winograd_pack, winograd_packed, winograd_room, winograd_unpack_add,
} from "./winograd";

/** Scratch bytes of conv_3x3_grad_f32. */
export function conv_3x3_grad_scratch_f32(inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32): i32 {
  const g = g_side(inH, outH) * g_side(inW, outW) * outC, x = frame_side(outH) * frame_side(outW) * inC;
  return winograd_packed(outC, inC) + winograd_room(inC, outC) + (16 * outC * inC + g + x) * 4 + 256;
}

/** Rows of a frame of dy that both the tiles of dx (from 2 - top rows before dy on) and the tiles of dy fit in. */
// @ts-ignore: decorator
@inline
function g_side(n: i32, out: i32): i32 {
  return max(frame_side(n), ((out + 1) & ~1) + 2);
}

export function conv_3x3_grad_f32(
  dx: usize, dw: usize, dbias: usize, dy: usize, y: usize, x: usize, w: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, top: i32, left: i32, low: f32, high: f32,
): void {
  const inPixel = inC << 2, outPixel = outC << 2, room = scratch + winograd_packed(outC, inC), du = room + winograd_room(inC, outC);
  const gH = g_side(inH, outH), gW = g_side(inW, outW), g = du + 16 * outC * inC * 4;
  const xH = frame_side(outH), xW = frame_side(outW), xFrame = g + gH * gW * outPixel;
  const gTop = 2 - top, gLeft = 2 - left, origin = g + (gTop * gW + gLeft) * outPixel;
  if (dx) winograd_pack(scratch, w, outC, inC, 1);
  memory.fill(g, 0, gH * gW * outPixel);
  if (dw) {
    memory.fill(xFrame, 0, xH * xW * inPixel);
    memory.fill(du, 0, 16 * outC * inC * 4);
  }
  for (let b = 0; b < batch; b++) {
    if (low > -Infinity || high < Infinity) mask_image(g, dy, y, outH, outW, outC, gH, gW, gTop, gLeft, low, high);
    else frame_image(g, dy, outH, outW, outPixel, gH, gW, gTop, gLeft);
    if (dbias) for (let r = 0; r < outH; r++) add_columns(dbias, origin + r * gW * outPixel, outW, outC);
    if (dx) {
      winograd_gemm(dx, g, scratch, 0, room, inH, inW, outC, inC, gW * outPixel, 1, 0, 0);
      dx += inH * inW * inPixel;
    }
    if (dw) {
      frame_image(xFrame, x, inH, inW, inPixel, xH, xW, top, left);
      grad_w(du, xFrame, xW * inPixel, origin, gW * outPixel, room, outH, outW, inC, outC);
    }
    dy += outH * outW * outPixel;
    y += outH * outW * outPixel;
    x += inH * inW * inPixel;
  }
  if (dw) winograd_unpack_add(dw, du, outC, inC);
}

/** dU [16][outC][inC] += the products of one image. */
function grad_w(du: usize, x: usize, xRow: i32, g: usize, gRow: i32, room: usize, outH: i32, outW: i32, inC: i32, outC: i32): void {
  const across = (outW + 1) >> 1, tiles = ((outH + 1) >> 1) * across, strip = strip_tiles(inC, outC);
  const vPlane = plane_bytes(strip, inC), mPlane = plane_bytes(strip, outC), m = room + 16 * vPlane;
  for (let from = 0; from < tiles; from += strip) {
    const count = min(strip, tiles - from);
    transform_inputs(room, vPlane, x, xRow, from, count, across, inC);
    transform_gradients(m, mPlane, g, gRow, from, count, across, outC);
    for (let i = 0; i < 16; i++) {
      window_grad_w(du + i * outC * inC * 4, room + i * vPlane, m + i * mPlane, outC, 1, count, 0, inC << 2, 0, outC << 2, 1, 0, 1, 0, inC);
    }
  }
}
