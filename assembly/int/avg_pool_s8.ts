// Average of a window, i8. The window is clipped to the input; the rounded mean of the elements in it is clamped. Every window holds
// an element.
//
//   y  i8 [batch, outH, outW, c]
//   x  i8 [batch, inH, inW, c]
//
// Source: CMSIS-NN 99f736a, arm_avgpool_s8 (C path); equal bit for bit.
import { clamp } from "../math/requantize";
import { narrowToS8 } from "../math/requantize_simd";
import { roundedMean } from "../math/rounded_mean";

export function avg_pool_s8_ref(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32,
  filterH: i32, filterW: i32, strideH: i32, strideW: i32, padTop: i32, padLeft: i32, yMin: i32, yMax: i32,
): void {
  for (let b = 0; b < batch; b++, x += inH * inW * c) {
    for (let oy = 0; oy < outH; oy++) {
      const top = max(oy * strideH - padTop, 0), bottom = min(oy * strideH - padTop + filterH, inH);
      for (let ox = 0; ox < outW; ox++) {
        const left = max(ox * strideW - padLeft, 0), right = min(ox * strideW - padLeft + filterW, inW);
        const n = (bottom - top) * (right - left);
        for (let k = 0; k < c; k++, y++) {
          let sum = 0;
          for (let iy = top; iy < bottom; iy++) {
            for (let ix = left; ix < right; ix++) sum += load<i8>(x + (iy * inW + ix) * c + k);
          }
          store<i8>(y, clamp(roundedMean(sum, n), yMin, yMax));
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function meanX4(sum: v128, n: v128, half: v128): v128 {
  const sign = i32x4.shr_s(sum, 31);
  const biased = i32x4.add(sum, i32x4.sub(v128.xor(half, sign), sign));
  // A quotient of two int32 in double is exact enough that truncating it is the integer division.
  const low = i32x4.trunc_sat_f64x2_s_zero(f64x2.div(f64x2.convert_low_i32x4_s(biased), n));
  const upper = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(biased, biased, 2, 3, 2, 3));
  const high = i32x4.trunc_sat_f64x2_s_zero(f64x2.div(upper, n));
  return v128.shuffle<i32>(low, high, 0, 1, 4, 5);
}

export function avg_pool_s8(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, c: i32, outH: i32, outW: i32,
  filterH: i32, filterW: i32, strideH: i32, strideW: i32, padTop: i32, padLeft: i32, yMin: i32, yMax: i32,
): void {
  const low = i8x16.splat(i8(yMin)), high = i8x16.splat(i8(yMax));
  for (let b = 0; b < batch; b++, x += inH * inW * c) {
    for (let oy = 0; oy < outH; oy++) {
      const top = max(oy * strideH - padTop, 0), bottom = min(oy * strideH - padTop + filterH, inH);
      for (let ox = 0; ox < outW; ox++, y += c) {
        const left = max(ox * strideW - padLeft, 0), right = min(ox * strideW - padLeft + filterW, inW);
        const n = (bottom - top) * (right - left);
        const divisor = f64x2.splat(f64(n)), half = i32x4.splat(n >> 1);
        let k = 0;
        for (; k + 16 <= c; k += 16) {
          let s0 = i32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
          for (let iy = top; iy < bottom; iy++) {
            let at = x + (iy * inW + left) * c + k;
            for (let ix = left; ix < right; ix++, at += c) {
              const v = v128.load(at);
              const low = i16x8.extend_low_i8x16_s(v), high = i16x8.extend_high_i8x16_s(v);
              s0 = i32x4.add(s0, i32x4.extend_low_i16x8_s(low));
              s1 = i32x4.add(s1, i32x4.extend_high_i16x8_s(low));
              s2 = i32x4.add(s2, i32x4.extend_low_i16x8_s(high));
              s3 = i32x4.add(s3, i32x4.extend_high_i16x8_s(high));
            }
          }
          const v = narrowToS8(meanX4(s0, divisor, half), meanX4(s1, divisor, half),
            meanX4(s2, divisor, half), meanX4(s3, divisor, half));
          v128.store(y + k, i8x16.min_s(i8x16.max_s(v, low), high));
        }
        for (; k < c; k++) {
          let sum = 0;
          for (let iy = top; iy < bottom; iy++) {
            for (let ix = left; ix < right; ix++) sum += load<i8>(x + (iy * inW + ix) * c + k);
          }
          store<i8>(y + k, clamp(roundedMean(sum, n), yMin, yMax));
        }
      }
    }
  }
}
