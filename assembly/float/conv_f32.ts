// float convolution.
//
//   y       f32 [batch, outH, outW, outC]              written; clamped to low..high
//   x       f32 [batch, inH, inW, inC]
//   w       f32 [outC, kH, kW, inC / groups]           OHWI
//   packed  f32 conv_pack_f32's result
//   bias    f32 [outC] or 0
//   scratch conv_scratch_f32 bytes
//
// The image is set into a zero frame once; after that each window row is one contiguous piece of A, and the product with the
// packed weights is a GEMM without im2col. Windows of short pieces, and pixels that a stride parts, are gathered into rows first.
import { frame_image, gather_windows, needs_frame, gathers } from "../math/frame";
import { fill_table } from "../math/pixel_table";
import { gemm_f32 } from "./gemm_f32";
import { gemm_pack, packed_bytes, table_bytes, window_gemm } from "./tile";

/** Packs w for conv_f32: for each group blocks of 8 output channels. */
export function conv_pack_f32(packed: usize, w: usize, outC: i32, k: i32, groups: i32): void {
  const columns = outC / groups;
  for (let g = 0; g < groups; g++) {
    gemm_pack(packed + g * packed_bytes(k, columns), w + g * columns * k * 4, k, columns, 4, k << 2);
  }
}

/** Bytes of conv_pack_f32's result. */
export function conv_packed_f32(outC: i32, k: i32, groups: i32): i32 {
  return groups * packed_bytes(k, outC / groups);
}

/** Scratch bytes of conv_f32. */
export function conv_scratch_f32(
  inC: i32, outH: i32, outW: i32, kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32, groups: i32,
): i32 {
  const frame = ((outH - 1) * sH + (kH - 1) * dH + 1) * ((outW - 1) * sW + (kW - 1) * dW + 1) * inC * 4;
  const rows = gathers(kH, kW, inC, sH, sW, dW, groups) ? outH * outW * kH * kW * inC * 4 : 0;
  return table_bytes(outH * outW) + frame + rows + 128;
}

export function conv_f32(
  y: usize, x: usize, packed: usize, bias: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, groups: i32, low: f32, high: f32,
): void {
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  const framed = needs_frame(inH, inW, spanH, spanW, top, left);
  const rowC = inC << 2, outRow = outC << 2, w = framed ? spanW : inW;
  const frame = scratch + table_bytes(outH * outW);
  const inG = inC / groups, outG = outC / groups, k = kH * kW * inG;
  const flat = dW == 1 && groups == 1;
  const pixels = outH * outW;
  if (!framed && kH * kW == 1 && sH == 1 && sW == 1) {
    // Pointwise: all images are one matrix.
    for (let g = 0; g < groups; g++) {
      gemm_f32(y + g * outG * 4, x + g * inG * 4, packed + g * packed_bytes(k, outG), bias ? bias + g * outG * 4 : 0,
        batch * pixels, inG, outG, rowC, outRow, 0, low, high);
    }
    return;
  }
  const gathered = gathers(kH, kW, inC, sH, sW, dW, groups);
  const frameBytes: i32 = framed ? spanH * spanW * rowC + 32 : 0, rows = frame + frameBytes;
  const whole = flat && is_whole(outW, kH, kW, w, dH);
  if (!whole) fill_table(scratch, outH, outW, sH * w * rowC, sW * rowC, outW * outRow, outRow);
  if (framed) memory.fill(frame, 0, spanH * spanW * rowC);
  for (let b = 0; b < batch; b++) {
    let a = x;
    if (framed) {
      frame_image(frame, x, inH, inW, rowC, spanH, spanW, top, left);
      a = frame;
    }
    if (gathered) {
      gather_windows(rows, a, outH, outW, sH * w * rowC, sW * rowC, kH, dH * w * rowC, kW * rowC);
      gemm_f32(y, rows, packed, bias, pixels, k, outC, k << 2, outRow, 0, low, high);
    } else if (whole) gemm_f32(y, a, packed, bias, outH, k, outC, sH * w * rowC, outRow, 0, low, high);
    else for (let g = 0; g < groups; g++) {
      window_gemm(
        y + g * outG * 4, a + g * inG * 4, packed + g * packed_bytes(k, outG), bias ? bias + g * outG * 4 : 0, scratch, pixels, outG, 0,
        kH, dH * w * rowC, flat ? 1 : kW, dW * rowC, flat ? kW * inC : inG, low, high);
    }
    x += inH * inW * rowC;
    y += outH * outW * outRow;
  }
}

/** Whether a window of all channels is one contiguous piece of an image of `w` columns: signals in time, [h, 1, c], have such windows. */
// @ts-ignore: decorator
@inline
export function is_whole(outW: i32, kH: i32, kW: i32, w: i32, dH: i32): bool {
  return outW == 1 && w == kW && (dH == 1 || kH == 1);
}

/** The definition; takes w as it is. */
export function conv_f32_ref(
  y: usize, x: usize, w: usize, bias: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, groups: i32, low: f32, high: f32,
): void {
  const inG = inC / groups, outG = outC / groups;
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++) for (let o = 0; o < outC; o++, y += 4) {
      let acc: f32 = 0;
      const c0 = (o / outG) * inG;
      for (let ky = 0; ky < kH; ky++) for (let kx = 0; kx < kW; kx++) {
        const iy = oy * sH - top + ky * dH, ix = ox * sW - left + kx * dW;
        if (iy < 0 || iy >= inH || ix < 0 || ix >= inW) continue;
        for (let c = 0; c < inG; c++) {
          const xv = load<f32>(x + ((((b * inH + iy) * inW + ix) * inC + c0 + c) << 2));
          acc += xv * load<f32>(w + ((((o * kH + ky) * kW + kx) * inG + c) << 2));
        }
      }
      if (bias) acc += load<f32>(bias + (o << 2));
      store<f32>(y, min(max(acc, low), high));
    }
  }
}
