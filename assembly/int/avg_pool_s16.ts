// Average of a window, i16. The window is clipped to the input; the rounded mean of the elements in it is clamped. Every window holds
// an element.
//
//   y  i16 [batch, outH, outW, c]
//   x  i16 [batch, inH, inW, c]
//
// Source: CMSIS-NN 99f736a, arm_avgpool_s16 (C path); equal bit for bit.
import { clamp } from "../math/requantize";
import { roundedMean } from "../math/rounded_mean";

export function avg_pool_s16(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32,
  filterH: i32, filterW: i32, strideH: i32, strideW: i32, padTop: i32, padLeft: i32, yMin: i32, yMax: i32,
): void {
  for (let b = 0; b < batch; b++, x += inH * inW * c * 2) {
    for (let oy = 0; oy < outH; oy++) {
      const top = max(oy * strideH - padTop, 0), bottom = min(oy * strideH - padTop + filterH, inH);
      for (let ox = 0; ox < outW; ox++) {
        const left = max(ox * strideW - padLeft, 0), right = min(ox * strideW - padLeft + filterW, inW);
        const n = (bottom - top) * (right - left);
        for (let k = 0; k < c; k++, y += 2) {
          let sum = 0;
          for (let iy = top; iy < bottom; iy++) {
            for (let ix = left; ix < right; ix++) sum += load<i16>(x + (((iy * inW + ix) * c + k) << 1));
          }
          store<i16>(y, clamp(roundedMean(sum, n), yMin, yMax));
        }
      }
    }
  }
}
