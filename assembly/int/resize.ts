// Resizing of NHWC images.
//
// Source: TFLite reference_ops ResizeNearestNeighbor and ResizeBilinearInteger; equal bit for bit.
import { singleRounding } from "../math/rounding";

/**
 * Nearest neighbour of any type.
 *
 *   y  [batch, outH, outW, pixel bytes]
 *   x  [batch, inH, inW, pixel bytes]
 *   rows i32 [outH], columns i32 [outW]: which input each output takes
 */
export function resize_nearest(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, outH: i32, outW: i32, pixel: i32, rows: usize, columns: usize,
): void {
  for (let b = 0; b < batch; b++, x += inH * inW * pixel) {
    for (let i = 0; i < outH; i++) {
      const row = x + load<i32>(rows + (i << 2)) * inW * pixel;
      for (let j = 0; j < outW; j++, y += pixel) memory.copy(y, row + load<i32>(columns + (j << 2)) * pixel, pixel);
    }
  }
}

// @ts-ignore: decorator
@inline
function bilinear<T>(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, outH: i32, outW: i32, c: i32, scaleH: i32, scaleW: i32, halfPixel: i32,
): void {
  for (let b = 0; b < batch; b++, x += inH * inW * c * sizeof<T>()) {
    for (let i = 0; i < outH; i++) {
      const v = halfPixel ? i * scaleH + scaleH / 2 - 512 : i * scaleH;
      const top = max(v / 1024, 0), bottom = min((v + 1023) / 1024, inH - 1);
      const down = i64(v - top * 1024);
      for (let j = 0; j < outW; j++) {
        const u = halfPixel ? j * scaleW + scaleW / 2 - 512 : j * scaleW;
        const left = max(u / 1024, 0), right = min((u + 1023) / 1024, inW - 1);
        const across = i64(u - left * 1024);
        for (let k = 0; k < c; k++, y += sizeof<T>()) {
          const a = i64(load<T>(x + ((top * inW + left) * c + k) * sizeof<T>()));
          const d = i64(load<T>(x + ((bottom * inW + left) * c + k) * sizeof<T>()));
          const e = i64(load<T>(x + ((top * inW + right) * c + k) * sizeof<T>()));
          const f = i64(load<T>(x + ((bottom * inW + right) * c + k) * sizeof<T>()));
          const sum = (a * (1024 - down) + d * down) * (1024 - across) + (e * (1024 - down) + f * down) * across;
          const q = singleRounding ? (sum + 0x80000) >> 20 : (sum + (sum > 0 ? 0x80000 : -0x80000)) / 0x100000;
          store<T>(y, <T>q);
        }
      }
    }
  }
}

/**
 * Bilinear, in steps of 1/1024 of a pixel.
 *
 *   y  i8 [batch, outH, outW, c]
 *   x  i8 [batch, inH, inW, c]
 *   scaleH, scaleW: input pixels for one output pixel, times 1024
 */
export function resize_bilinear_s8(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, outH: i32, outW: i32, c: i32, scaleH: i32, scaleW: i32, halfPixel: i32,
): void {
  bilinear<i8>(y, x, batch, inH, inW, outH, outW, c, scaleH, scaleW, halfPixel);
}

export function resize_bilinear_s16(
  y: usize, x: usize, batch: i32, inH: i32, inW: i32, outH: i32, outW: i32, c: i32, scaleH: i32, scaleW: i32, halfPixel: i32,
): void {
  bilinear<i16>(y, x, batch, inH, inW, outH, outW, c, scaleH, scaleW, halfPixel);
}
