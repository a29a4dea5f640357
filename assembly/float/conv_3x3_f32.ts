// float convolution of 3x3 taps with stride 1 by Winograd's method; channels in fours, one group, no dilation.
//
//   y       f32 [batch, outH, outW, outC]   written; clamped to low..high
//   x       f32 [batch, inH, inW, inC]
//   packed  f32 conv_3x3_pack_f32's result, of w f32 [outC, 3, 3, inC]
//   bias    f32 [outC] or 0
//   scratch conv_3x3_scratch_f32 bytes
//
// Images go in groups that fill a strip of tiles; a strip's planes stay in the cache.
import { frame_image } from "../math/frame";
import { plane_products } from "./plane_products";
import { frame_side, plane_bytes, PLANES, tiles_over, transform_inputs, transform_outputs, winograd_pack } from "./winograd";

/** Bytes that the transforms keep a tile in while they turn it. */
export const TEMP: i32 = 640;

/** Tiles of a strip. */
// @ts-ignore: decorator
@inline
export function strip_tiles(k: i32, columns: i32): i32 {
  return max(16, (1024 / (k + columns)) & ~3);
}

/** Images whose tiles make up a strip, at least one. */
// @ts-ignore: decorator
@inline
export function group_images(strip: i32, outH: i32, outW: i32): i32 {
  return max(1, strip / (tiles_over(outH) * tiles_over(outW)));
}

/** Channels as the products take them: whole blocks of eight. */
// @ts-ignore: decorator
@inline
export function whole(columns: i32): i32 {
  return (columns + 7) & ~7;
}

/** Bytes of a plane of packed taps. */
// @ts-ignore: decorator
@inline
export function tap_plane(k: i32, columns: i32): i32 {
  return whole(columns) * k * 4;
}

/** Bytes of V and M. */
// @ts-ignore: decorator
@inline
export function planes_room(k: i32, columns: i32): i32 {
  const strip = strip_tiles(k, columns);
  return PLANES * (plane_bytes(strip, k) + plane_bytes(strip, whole(columns)));
}

/** Bytes of conv_3x3_pack_f32's result. */
export function conv_3x3_packed_f32(inC: i32, outC: i32): i32 {
  return PLANES * tap_plane(inC, outC) + TEMP;
}

export function conv_3x3_pack_f32(packed: usize, w: usize, outC: i32, inC: i32): void {
  winograd_pack(packed, tap_plane(inC, outC), packed + PLANES * tap_plane(inC, outC), w, outC, inC, 0);
}

/** Scratch bytes of conv_3x3_f32. */
export function conv_3x3_scratch_f32(inC: i32, outH: i32, outW: i32, outC: i32): i32 {
  const frame = frame_side(outH) * frame_side(outW) * inC * 4;
  return TEMP + planes_room(inC, outC) + group_images(strip_tiles(inC, outC), outH, outW) * frame + 64;
}

export function conv_3x3_f32(
  y: usize, x: usize, packed: usize, bias: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, top: i32, left: i32, low: f32, high: f32,
): void {
  const h = frame_side(outH), w = frame_side(outW), frames = scratch + TEMP + planes_room(inC, outC), pixel = inC << 2;
  const group = group_images(strip_tiles(inC, outC), outH, outW), image = h * w * pixel;
  memory.fill(frames, 0, min(group, batch) * image);
  for (let b = 0; b < batch; b += group) {
    const images = min(group, batch - b);
    for (let i = 0; i < images; i++, x += inH * inW * pixel) frame_image(frames + i * image, x, inH, inW, pixel, h, w, top, left);
    framed_products(y, frames, image, w * pixel, packed, bias, scratch, images, outH, outW, inC, outC, 0, low, high);
    y += images * outH * outW * outC * 4;
  }
}

/** y = clamp(windows of the frames at `a` * packed taps + bias), or y += windows * taps when `add`, from k to `columns` channels. */
export function framed_products(
  y: usize, a: usize, aImage: i32, aRow: i32, packed: usize, bias: usize, scratch: usize, images: i32, outH: i32, outW: i32, k: i32, columns: i32,
  add: i32, low: f32, high: f32,
): void {
  const down = tiles_over(outH), across = tiles_over(outW), tiles = images * down * across, strip = strip_tiles(k, columns);
  const v = scratch + TEMP, vPlane = plane_bytes(strip, k), m = v + PLANES * vPlane, mPlane = plane_bytes(strip, whole(columns));
  for (let from = 0; from < tiles; from += strip) {
    const count = min(strip, tiles - from), rows = (count + 3) & ~3;
    transform_inputs(v, vPlane, scratch, a, aImage, aRow, from, count, down, across, k);
    if (rows > count) for (let i = 0; i < PLANES; i++) memory.fill(v + i * vPlane + count * k * 4, 0, (rows - count) * k * 4);
    plane_products(m, mPlane, v, vPlane, k << 2, packed, tap_plane(k, columns), PLANES, rows, k, whole(columns));
    transform_outputs(y, scratch, m, mPlane, whole(columns) << 2, from, count, outH, outW, columns, bias, add, low, high);
  }
}
