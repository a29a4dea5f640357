// What the depthwise kernels share: frames whose pixels hold the output's channels, padded to a multiple of 8, and weights packed as words
// [taps / values of a word][8 channels]: as many taps of 8 channels are interleaved and multiplied in two dots. See products.ts.
import { frame_image } from "../math/frame";
import { store_value, store_weight, VALUES, WIDTH, words_of } from "../math/products";
import { frame_s8, widen_s8 } from "../math/widen";

/** Bytes of the list of taps. */
// @ts-ignore: decorator
@inline
export function taps_bytes(taps: i32): i32 {
  return (((words_of(taps) * VALUES) << 2) + 15) & ~15;
}

/** Bytes of a frame. */
// @ts-ignore: decorator
@inline
export function frame_bytes(outC: i32, outH: i32, outW: i32, kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32): i32 {
  return ((outH - 1) * sH + (kH - 1) * dH + 1) * ((outW - 1) * sW + (kW - 1) * dW + 1) * ((outC + 7) & ~7) << WIDTH;
}

/** Where each tap lies in the frame, in bytes from the window's corner; where taps do not fill the last word the last one is read again, times zeros. */
export function fill_taps(list: usize, outW: i32, outC: i32, kH: i32, kW: i32, sW: i32, dH: i32, dW: i32): void {
  const spanW = (outW - 1) * sW + (kW - 1) * dW + 1, pixel = ((outC + 7) & ~7) << WIDTH, taps = kH * kW;
  for (let t = 0, all = words_of(taps) * VALUES; t < all; t++) {
    const tap = min(t, taps - 1);
    store<i32>(list + (t << 2), ((tap / kW) * dH * spanW + (tap % kW) * dW) * pixel);
  }
}

/** The weights of channels `from` .. (`n` of them) of w [taps, outC]. */
export function pack_taps(b: usize, w: usize, from: i32, n: i32, outC: i32, taps: i32): void {
  memory.fill(b, 0, words_of(taps) << 5);
  for (let t = 0; t < taps; t++) for (let c = 0; c < n; c++) store_weight(b + (c << 2), t, load<i8>(w + t * outC + from + c));
}

/** Image x [h, w, c] set into a frame, each channel repeated `multiplicity` times. The caller clears the border and the padding once. */
// @ts-ignore: decorator
@inline
export function spread<T>(
  frame: usize, x: usize, h: i32, w: i32, c: i32, multiplicity: i32, spanH: i32, spanW: i32, top: i32, left: i32, pixel: i32, offset: i32,
): void {
  if (multiplicity == 1 && pixel == c << WIDTH) {
    if (sizeof<T>() == 1) frame_s8(frame, x, h, w, c, spanH, spanW, top, left, offset);
    else frame_image(frame, x, h, w, c << 1, spanH, spanW, top, left);
    return;
  }
  const y1 = min(h, spanH - top), x1 = min(w, spanW - left);
  for (let iy = 0; iy < y1; iy++) for (let ix = 0; ix < x1; ix++) {
    let from = x + (iy * w + ix) * c * sizeof<T>(), to = frame + ((iy + top) * spanW + ix + left) * pixel;
    if (sizeof<T>() == 1 && multiplicity == 1) {
      widen_s8(to, from, c, offset);
      continue;
    }
    for (let i = 0; i < c; i++, from += sizeof<T>()) {
      for (let m = 0; m < multiplicity; m++, to += 1 << WIDTH) store_value(to, i32(load<T>(from)), offset);
    }
  }
}
