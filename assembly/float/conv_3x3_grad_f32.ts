// Gradients of the 3x3 convolution by Winograd's method. What they fill they add to; operands as conv_grad_f32 takes them.
//
// The gradients of a strip's outputs are transformed once. Times the transformed taps they are the gradients of the transformed inputs, which
// are transformed back to dx; times the transformed inputs, summed over all tiles of the batch, those of the transformed taps, which are transformed back to dw at the end.
import { mask_image } from "../math/activation_f32";
import { frame_image } from "../math/frame";
import { plane_outer_products, plane_products } from "./tile_products";
import { add_columns } from "./window_grad";
import { transform_back, transform_gradients, transform_inputs, winograd_pack, winograd_unpack_add } from "./winograd";
import {
  fill_up, frame_side, group_images, plane_bytes, planes, strip_tiles, tap_plane, TEMP, tiles_over, whole,
} from "./winograd_sizes";
import { outputs } from "./winograd_lines";

/** Scratch bytes of conv_3x3_grad_f32. */
export function conv_3x3_grad_scratch_f32(s: i32, inC: i32, outH: i32, outW: i32, outC: i32): i32 {
  const strip = strip_tiles(inC, outC), tiles = outputs(s) * tiles_over(s, outH) * outputs(s) * tiles_over(s, outW);
  const frames = group_images(s, inC, outH, outW, outC) * (tiles * outC + frame_side(s, outH) * frame_side(s, outW) * inC) * 4;
  return TEMP + planes(s) * (2 * tap_plane(outC, inC) + plane_bytes(strip, outC) + plane_bytes(strip, whole(inC))) + frames + 256;
}

export function conv_3x3_grad_f32(
  s: i32, dx: usize, dw: usize, dbias: usize, dy: usize, y: usize, x: usize, w: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, top: i32, left: i32, low: f32, high: f32, fresh: i32,
): void {
  const inPixel = inC << 2, outPixel = outC << 2, down = tiles_over(s, outH), across = tiles_over(s, outW), strip = strip_tiles(inC, outC);
  const group = group_images(s, inC, outH, outW, outC), tapPlane = tap_plane(outC, inC), duRow = whole(inC) << 2;
  const gPlane = plane_bytes(strip, outC), vPlane = plane_bytes(strip, whole(inC));
  const gH = outputs(s) * down, gW = outputs(s) * across, gImage = gH * gW * outPixel;
  const xH = frame_side(s, outH), xW = frame_side(s, outW), xImage = xH * xW * inPixel;
  const packed = scratch + TEMP, du = packed + planes(s) * tapPlane, g = du + planes(s) * tapPlane, v = g + planes(s) * gPlane;
  const gFrames = v + planes(s) * vPlane, xFrames = gFrames + min(group, batch) * gImage;
  if (dx) winograd_pack(s, packed, tapPlane, scratch, w, outC, inC, 1);
  memory.fill(gFrames, 0, min(group, batch) * gImage);
  if (dw) {
    memory.fill(xFrames, 0, min(group, batch) * xImage);
    memory.fill(du, 0, planes(s) * tapPlane);
  }
  for (let b = 0; b < batch; b += group) {
    const images = min(group, batch - b), tiles = images * down * across;
    for (let i = 0, to = gFrames; i < images; i++, to += gImage, dy += outH * outW * outPixel, y += outH * outW * outPixel) {
      if (low > -Infinity || high < Infinity) mask_image(to, dy, y, outH, outW, outC, gH, gW, 0, 0, low, high);
      else frame_image(to, dy, outH, outW, outPixel, gH, gW, 0, 0);
      if (dbias) for (let r = 0; r < outH; r++) add_columns(dbias, to + r * gW * outPixel, outW, outC);
    }
    if (dw) for (let i = 0; i < images; i++, x += inH * inW * inPixel) frame_image(xFrames + i * xImage, x, inH, inW, inPixel, xH, xW, top, left);
    if (dx && fresh) memory.fill(dx, 0, images * inH * inW * inPixel);
    for (let from = 0; from < tiles; from += strip) {
      const count = min(strip, tiles - from);
      transform_gradients(s, g, gPlane, scratch, gFrames, gImage, gW * outPixel, from, count, down, across, outC);
      if (dx) {
        const rows = fill_up(s, g, gPlane, count, outPixel);
        plane_products(v, vPlane, g, gPlane, outPixel, packed, tapPlane, planes(s), rows, outC, whole(inC));
        transform_back(s, dx, scratch, v, vPlane, duRow, from, count, down, across, inH, inW, inC, top, left);
      }
      if (dw) {
        transform_inputs(s, v, vPlane, scratch, xFrames, xImage, xW * inPixel, from, count, down, across, inC);
        plane_outer_products(du, tapPlane, g, gPlane, v, vPlane, inPixel, planes(s), count, outC, whole(inC));
      }
    }
    if (dx) dx += images * inH * inW * inPixel;
  }
  if (dw) winograd_unpack_add(s, dw, scratch, du, tapPlane, duRow, outC, inC);
}
