// int16 transposed convolution with int8 weights; one scale per output channel, zero points 0.
//
//   y    i16 [batch, outH, outW, outC]   y[iy * sH - top + ky] += x[iy] * w[ky]
//   x    i16 [batch, inH, inW, inC]
//   w    i8  [outC, kH, kW, inC]         OHWI
//   bias i64 [outC] where `wide`, else i32; or 0
//
// Source: TFLite kernels/internal/reference/integer_ops/transpose_conv.h; equal bit for bit.
import { rescale_s16 } from "./sums_s16";

// @ts-ignore: decorator
@inline
function product(x: usize, w: usize, n: i32): i64 {
  let sum: i64 = 0;
  for (let i = 0; i < n; i++) sum += load<i16>(x + (i << 1)) * load<i8>(w + i);
  return sum;
}

export function transpose_conv_s16(
  y: usize, x: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32, wide: i32, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, yMin: i32, yMax: i32,
): void {
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++) for (let o = 0; o < outC; o++, y += 2) {
      let sum: i64 = 0;
      // the taps of a place are sH and sW apart
      for (let ky = (oy + top) % sH; ky < kH; ky += sH) for (let kx = (ox + left) % sW; kx < kW; kx += sW) {
        const iy = (oy + top - ky) / sH, ix = (ox + left - kx) / sW;
        if (oy + top < ky || iy >= inH || ox + left < kx || ix >= inW) continue;
        sum += product(x + ((((n * inH + iy) * inW + ix) * inC) << 1), w + ((o * kH + ky) * kW + kx) * inC, inC);
      }
      store<i16>(y, rescale_s16(sum, o, bias, multiplier, shift, each, wide, yMin, yMax));
    }
  }
}
