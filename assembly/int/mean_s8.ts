// Mean over the middle axis.
//
//   y  [outer, inner]   y = clamp(requantize(sum over reduce of (x + xOffset), multiplier, shift) + yOffset)
//   x  [outer, reduce, inner]
//
// The multiplier holds 1 / reduce too. Source: TFLite's reference QuantizedMeanOrSum (int8, int16); equal bit for bit.
import { clamp, requantize } from "../math/requantize";
import { narrowToS8, requantizeX4 } from "../math/requantize_simd";

export function mean_s8_ref(
  y: usize, x: usize, outer: i32, reduce: i32, inner: i32,
  xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  for (let o = 0; o < outer; o++, x += reduce * inner) {
    for (let k = 0; k < inner; k++, y++) {
      let sum = reduce * xOffset;
      for (let r = 0; r < reduce; r++) sum += load<i8>(x + r * inner + k);
      store<i8>(y, clamp(requantize(sum, multiplier, shift) + yOffset, yMin, yMax));
    }
  }
}

export function mean_s8(
  y: usize, x: usize, outer: i32, reduce: i32, inner: i32,
  xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  const m = i32x4.splat(multiplier), oy = i32x4.splat(yOffset);
  const least = i8x16.splat(i8(yMin)), most = i8x16.splat(i8(yMax));
  for (let o = 0; o < outer; o++, x += reduce * inner, y += inner) {
    let k = 0;
    for (; k + 8 <= inner; k += 8) {
      let low = i32x4.splat(reduce * xOffset), high = low;
      for (let r = 0, at = x + k; r < reduce; r++, at += inner) {
        const v = v128.load8x8_s(at);
        low = i32x4.add(low, i32x4.extend_low_i16x8_s(v));
        high = i32x4.add(high, i32x4.extend_high_i16x8_s(v));
      }
      const y0 = i32x4.add(requantizeX4(low, m, shift), oy), y1 = i32x4.add(requantizeX4(high, m, shift), oy);
      v128.store64_lane(y + k, i8x16.min_s(i8x16.max_s(narrowToS8(y0, y1, y0, y1), least), most), 0);
    }
    for (; k < inner; k++) {
      let sum = reduce * xOffset;
      for (let r = 0, at = x + k; r < reduce; r++, at += inner) sum += load<i8>(at);
      store<i8>(y + k, clamp(requantize(sum, multiplier, shift) + yOffset, yMin, yMax));
    }
  }
}

export function mean_s16(
  y: usize, x: usize, outer: i32, reduce: i32, inner: i32,
  xOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  for (let o = 0; o < outer; o++, x += (reduce * inner) << 1) {
    for (let k = 0; k < inner; k++, y += 2) {
      let sum = reduce * xOffset;
      for (let r = 0; r < reduce; r++) sum += load<i16>(x + ((r * inner + k) << 1));
      store<i16>(y, clamp(requantize(sum, multiplier, shift) + yOffset, yMin, yMax));
    }
  }
}
