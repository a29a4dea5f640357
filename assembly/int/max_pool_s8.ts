// Maximum of a window clipped to the input, i8, then clamped. Every window holds an element.
//
//   y  i8 [batch, outH, outW, c]
//   x  i8 [batch, inH, inW, c]
//
// Source: CMSIS-NN 99f736a, arm_max_pool_s8; equal bit for bit.
import { clamp } from "../math/requantize";

export function max_pool_s8_ref(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32,
  filterH: i32, filterW: i32, strideH: i32, strideW: i32, padTop: i32, padLeft: i32, yMin: i32, yMax: i32,
): void {
  for (let b = 0; b < batch; b++, x += inH * inW * c) {
    for (let oy = 0; oy < outH; oy++) {
      const top = max(oy * strideH - padTop, 0), bottom = min(oy * strideH - padTop + filterH, inH);
      for (let ox = 0; ox < outW; ox++) {
        const left = max(ox * strideW - padLeft, 0), right = min(ox * strideW - padLeft + filterW, inW);
        for (let k = 0; k < c; k++, y++) {
          let best: i32 = i8.MIN_VALUE;
          for (let iy = top; iy < bottom; iy++) {
            for (let ix = left; ix < right; ix++) best = max<i32>(best, load<i8>(x + (iy * inW + ix) * c + k));
          }
          store<i8>(y, clamp(best, yMin, yMax));
        }
      }
    }
  }
}

export function max_pool_s8(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32,
  filterH: i32, filterW: i32, strideH: i32, strideW: i32, padTop: i32, padLeft: i32, yMin: i32, yMax: i32,
): void {
  const low = i8x16.splat(i8(yMin)), high = i8x16.splat(i8(yMax));
  for (let b = 0; b < batch; b++, x += inH * inW * c) {
    for (let oy = 0; oy < outH; oy++) {
      const top = max(oy * strideH - padTop, 0), bottom = min(oy * strideH - padTop + filterH, inH);
      for (let ox = 0; ox < outW; ox++) {
        const left = max(ox * strideW - padLeft, 0), right = min(ox * strideW - padLeft + filterW, inW);
        let k = 0;
        for (; k + 16 <= c; k += 16, y += 16) {
          let best = i8x16.splat(i8.MIN_VALUE);
          for (let iy = top; iy < bottom; iy++) {
            let at = x + (((iy * inW + left) * c + k));
            for (let ix = left; ix < right; ix++, at += c) best = i8x16.max_s(best, v128.load(at));
          }
          v128.store(y, i8x16.min_s(i8x16.max_s(best, low), high));
        }
        for (; k < c; k++, y++) {
          let best: i32 = i8.MIN_VALUE;
          for (let iy = top; iy < bottom; iy++) {
            for (let ix = left; ix < right; ix++) best = max<i32>(best, load<i8>(x + (iy * inW + ix) * c + k));
          }
          store<i8>(y, clamp(best, yMin, yMax));
        }
      }
    }
  }
}
