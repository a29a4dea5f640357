// float convolution of 3x3 taps with stride `s` 1 or 2 by Winograd's method; channels in fours, one group, no dilation.
//
//   y       f32 [batch, outH, outW, outC]   written; clamped to low..high
//   x       f32 [batch, inH, inW, inC]
//   packed  f32 conv_3x3_pack_f32's result, of w f32 [outC, 3, 3, inC]
//   bias    f32 [outC] or 0
//   scratch conv_3x3_scratch_f32 bytes
//
// Images are taken in groups that fill a strip of tiles; a strip's planes stay in the cache.
import { frame_image } from "../math/frame";
import { plane_products } from "./tile_products";
import { transform_inputs, transform_outputs, winograd_pack } from "./winograd";
import {
  fill_up, frame_side, group_images, plane_bytes, planes, strip_tiles, tap_plane, TEMP, tiles_over, whole,
} from "./winograd_sizes";

/** Bytes of conv_3x3_pack_f32's result. */
export function conv_3x3_packed_f32(s: i32, inC: i32, outC: i32): i32 {
  return planes(s) * tap_plane(inC, outC) + TEMP;
}

export function conv_3x3_pack_f32(s: i32, packed: usize, w: usize, outC: i32, inC: i32): void {
  const plane = tap_plane(inC, outC);
  winograd_pack(s, packed, plane, packed + planes(s) * plane, w, outC, inC, 0);
}

/** Scratch bytes of conv_3x3_f32. */
export function conv_3x3_scratch_f32(s: i32, inC: i32, outH: i32, outW: i32, outC: i32): i32 {
  const strip = strip_tiles(inC, outC), frame = frame_side(s, outH) * frame_side(s, outW) * inC * 4;
  const room = planes(s) * (plane_bytes(strip, inC) + plane_bytes(strip, whole(outC)));
  return TEMP + room + group_images(s, inC, outH, outW, outC) * frame + 64;
}

export function conv_3x3_f32(
  s: i32, y: usize, x: usize, packed: usize, bias: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, top: i32, left: i32, low: f32, high: f32,
): void {
  const down = tiles_over(s, outH), across = tiles_over(s, outW), strip = strip_tiles(inC, outC), group = group_images(s, inC, outH, outW, outC);
  const h = frame_side(s, outH), w = frame_side(s, outW), pixel = inC << 2, image = h * w * pixel;
  const v = scratch + TEMP, vPlane = plane_bytes(strip, inC), m = v + planes(s) * vPlane, mPlane = plane_bytes(strip, whole(outC));
  const frames = m + planes(s) * mPlane;
  memory.fill(frames, 0, min(group, batch) * image);
  for (let b = 0; b < batch; b += group) {
    const images = min(group, batch - b), tiles = images * down * across;
    for (let i = 0; i < images; i++, x += inH * inW * pixel) frame_image(frames + i * image, x, inH, inW, pixel, h, w, top, left);
    for (let from = 0; from < tiles; from += strip) {
      const count = min(strip, tiles - from);
      transform_inputs(s, v, vPlane, scratch, frames, image, w * pixel, from, count, down, across, inC);
      const rows = fill_up(s, v, vPlane, count, pixel);
      plane_products(m, mPlane, v, vPlane, pixel, packed, tap_plane(inC, outC), planes(s), rows, inC, whole(outC));
      transform_outputs(s, y, scratch, m, mPlane, whole(outC) << 2, from, count, outH, outW, outC, bias, low, high);
    }
    y += images * outH * outW * outC * 4;
  }
}
