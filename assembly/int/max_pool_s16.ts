// Maximum of a window clipped to the input, i16, then clamped. Every window holds an element.
//
//   y  i16 [batch, outH, outW, c]
//   x  i16 [batch, inH, inW, c]
//
// Source: CMSIS-NN 99f736a, arm_max_pool_s16; equal bit for bit.
import { clamp } from "../math/requantize";

export function max_pool_s16_ref(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32,
  filterH: i32, filterW: i32, strideH: i32, strideW: i32, padTop: i32, padLeft: i32, yMin: i32, yMax: i32,
): void {
  for (let b = 0; b < batch; b++, x += inH * inW * c * 2) {
    for (let oy = 0; oy < outH; oy++) {
      const top = max(oy * strideH - padTop, 0), bottom = min(oy * strideH - padTop + filterH, inH);
      for (let ox = 0; ox < outW; ox++) {
        const left = max(ox * strideW - padLeft, 0), right = min(ox * strideW - padLeft + filterW, inW);
        for (let k = 0; k < c; k++, y += 2) {
          let best: i32 = i16.MIN_VALUE;
          for (let iy = top; iy < bottom; iy++) {
            for (let ix = left; ix < right; ix++) best = max<i32>(best, load<i16>(x + (((iy * inW + ix) * c + k) << 1)));
          }
          store<i16>(y, clamp(best, yMin, yMax));
        }
      }
    }
  }
}

export function max_pool_s16(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32,
  filterH: i32, filterW: i32, strideH: i32, strideW: i32, padTop: i32, padLeft: i32, yMin: i32, yMax: i32,
): void {
  const low = i16x8.splat(i16(yMin)), high = i16x8.splat(i16(yMax));
  for (let b = 0; b < batch; b++, x += inH * inW * c * 2) {
    for (let oy = 0; oy < outH; oy++) {
      const top = max(oy * strideH - padTop, 0), bottom = min(oy * strideH - padTop + filterH, inH);
      for (let ox = 0; ox < outW; ox++) {
        const left = max(ox * strideW - padLeft, 0), right = min(ox * strideW - padLeft + filterW, inW);
        let k = 0;
        for (; k + 8 <= c; k += 8, y += 16) {
          let best = i16x8.splat(i16.MIN_VALUE);
          for (let iy = top; iy < bottom; iy++) {
            let at = x + (((iy * inW + left) * c + k) << 1);
            for (let ix = left; ix < right; ix++, at += c << 1) best = i16x8.max_s(best, v128.load(at));
          }
          v128.store(y, i16x8.min_s(i16x8.max_s(best, low), high));
        }
        for (; k < c; k++, y += 2) {
          let best: i32 = i16.MIN_VALUE;
          for (let iy = top; iy < bottom; iy++) {
            for (let ix = left; ix < right; ix++) best = max<i32>(best, load<i16>(x + (((iy * inW + ix) * c + k) << 1)));
          }
          store<i16>(y, clamp(best, yMin, yMax));
        }
      }
    }
  }
}
