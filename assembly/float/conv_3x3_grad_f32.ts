// Gradients of the 3x3 convolution by Winograd's method. What they fill they add to; operands as conv_grad_f32 takes them.
//
// dx is the convolution of dy with the taps turned around. dw: for each tile the products of its transformed inputs and gradients are summed
// in the transformed space, over all tiles of the batch, and turned back once at the end.
import { mask_image } from "../math/activation_f32";
import { frame_image } from "../math/frame";
import { framed_products, group_images, planes_room, strip_tiles, tap_plane, TEMP, whole } from "./conv_3x3_f32";
import { plane_outer_products } from "./plane_products";
import { add_columns } from "./window_grad";
import {
  frame_side, plane_bytes, PLANES, tiles_over, transform_gradients, transform_inputs, winograd_pack, winograd_unpack_add,
} from "./winograd";

/** Scratch bytes of conv_3x3_grad_f32. */
export function conv_3x3_grad_scratch_f32(inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32): i32 {
  const g = g_side(inH, outH) * g_side(inW, outW) * outC, x = frame_side(outH) * frame_side(outW) * inC;
  const frames = group_images(strip_tiles(inC, outC), min(inH, outH), min(inW, outW)) * (g + x) * 4;
  return TEMP + room_bytes(inC, outC) + PLANES * (tap_plane(outC, inC) + tap_plane(outC, inC)) + frames + 256;
}

/** Bytes that the planes of either gradient need. */
// @ts-ignore: decorator
@inline
function room_bytes(inC: i32, outC: i32): i32 {
  return max(planes_room(inC, outC), planes_room(outC, inC));
}

/** Rows of a frame of dy that both the tiles of dx (from 2 - top rows before dy on) and the tiles of dy fit in. */
// @ts-ignore: decorator
@inline
function g_side(n: i32, out: i32): i32 {
  return max(frame_side(n), frame_side(out));
}

export function conv_3x3_grad_f32(
  dx: usize, dw: usize, dbias: usize, dy: usize, y: usize, x: usize, w: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, top: i32, left: i32, low: f32, high: f32, fresh: i32,
): void {
  const inPixel = inC << 2, outPixel = outC << 2, plane = tap_plane(outC, inC), duPlane = outC * whole(inC) * 4;
  const packed = scratch + TEMP + room_bytes(inC, outC), du = packed + PLANES * plane;
  const gH = g_side(inH, outH), gW = g_side(inW, outW), gImage = gH * gW * outPixel, g = du + PLANES * duPlane;
  const group = group_images(strip_tiles(inC, outC), min(inH, outH), min(inW, outW));
  const xH = frame_side(outH), xW = frame_side(outW), xImage = xH * xW * inPixel, xFrames = g + min(group, batch) * gImage;
  const gTop = 2 - top, gLeft = 2 - left, origin = g + (gTop * gW + gLeft) * outPixel;
  if (dx) winograd_pack(packed, plane, scratch, w, outC, inC, 1);
  memory.fill(g, 0, min(group, batch) * gImage);
  if (dw) {
    memory.fill(xFrames, 0, min(group, batch) * xImage);
    memory.fill(du, 0, PLANES * duPlane);
  }
  for (let b = 0; b < batch; b += group) {
    const images = min(group, batch - b);
    for (let i = 0, to = g; i < images; i++, to += gImage) {
      if (low > -Infinity || high < Infinity) mask_image(to, dy, y, outH, outW, outC, gH, gW, gTop, gLeft, low, high);
      else frame_image(to, dy, outH, outW, outPixel, gH, gW, gTop, gLeft);
      if (dbias) for (let r = 0; r < outH; r++) add_columns(dbias, origin + i * gImage + r * gW * outPixel, outW, outC);
      dy += outH * outW * outPixel;
      y += outH * outW * outPixel;
    }
    if (dx) {
      framed_products(dx, g, gImage, gW * outPixel, packed, 0, scratch, images, inH, inW, outC, inC, fresh ? 0 : 1, -Infinity, Infinity);
      dx += images * inH * inW * inPixel;
    }
    if (dw) {
      for (let i = 0; i < images; i++, x += inH * inW * inPixel) frame_image(xFrames + i * xImage, x, inH, inW, inPixel, xH, xW, top, left);
      grad_w(du, duPlane, xFrames, xImage, xW * inPixel, origin, gImage, gW * outPixel, scratch, images, outH, outW, inC, outC);
    }
  }
  if (dw) winograd_unpack_add(dw, scratch, du, duPlane, whole(inC) << 2, outC, inC);
}

/** dU [36][outC][inC] += the products of a group of images. */
function grad_w(
  du: usize, duPlane: i32, x: usize, xImage: i32, xRow: i32, g: usize, gImage: i32, gRow: i32, scratch: usize, images: i32, outH: i32, outW: i32,
  inC: i32, outC: i32,
): void {
  const down = tiles_over(outH), across = tiles_over(outW), tiles = images * down * across, strip = strip_tiles(inC, outC);
  const v = scratch + TEMP, vPlane = plane_bytes(strip, inC), m = v + PLANES * vPlane, mPlane = plane_bytes(strip, outC);
  for (let from = 0; from < tiles; from += strip) {
    const count = min(strip, tiles - from);
    transform_inputs(v, vPlane, scratch, x, xImage, xRow, from, count, down, across, inC);
    transform_gradients(m, mPlane, scratch, g, gImage, gRow, from, count, down, across, outC);
    plane_outer_products(du, duPlane, m, mPlane, v, vPlane, inC << 2, PLANES, count, outC, whole(inC));
  }
}
