// Gradients of the float convolution. What they fill they add to.
//
//   dx      f32 [batch, inH, inW, inC] or 0; `fresh`: each image of it is cleared first, while it is in the cache
//   dw      f32 [outC, kH, kW, inC / groups] or 0
//   dbias   f32 [outC] or 0
//   dy      f32 [batch, outH, outW, outC]
//   y       f32, the outputs of the forward pass: dy counts where low < y < high
//   x, w    f32, as in conv_f32
//   scratch conv_grad_scratch_f32 bytes
//
// dx: rows and columns of dx that meet the same taps (one phase for each stride step) are a convolution of dy with those taps,
// so the forward kernel does it. dw: 4 output channels by 8 taps at a time are summed over the pixels of an image, then over images. With 1x1 taps
// and stride 1 every pixel is a row of a dense layer.
import { mask_image, mask_row } from "../math/activation_f32";
import { frame_image, gather_windows, needs_frame, gathers } from "../math/frame";
import { first_tap, gcd, phase_count, phase_start, rows_after, rows_before } from "../math/phase";
import { fill_table } from "../math/pixel_table";
import { fully_connected_grad_f32, fully_connected_grad_scratch_f32 } from "./fully_connected_f32";
import { is_whole } from "./conv_f32";
import { outer_products } from "./tile_products";
import { packed_bytes, table_bytes, window_gemm } from "./tile";
import { gemm_f32 } from "./gemm_f32";
import { add_columns, window_grad_w } from "./window_grad";

/** Scratch bytes of conv_grad_f32. */
export function conv_grad_scratch_f32(
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, groups: i32,
): i32 {
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  const frameH = outH + rows_before(kH, sH, top, dH) + rows_after(inH, outH, sH, top);
  const frameW = outW + rows_before(kW, sW, left, dW) + rows_after(inW, outW, sW, left);
  if (is_pointwise(inH, inW, outH, outW, kH, kW, sH, sW, top, left, groups)) return fully_connected_grad_scratch_f32(inC, outC);
  const packed = packed_bytes(kH * kW * (outC / groups), inC / groups) * groups;
  const rows = gathers(kH, kW, inC, sH, sW, dW, groups) ? outH * outW * kH * kW * inC : 0;
  return packed + (outW == 1 ? AT_HAND : 0) + sH * sW * table_bytes(((inH + sH - 1) / sH) * ((inW + sW - 1) / sW)) + (spanH * spanW * inC + frameH * frameW * outC + rows) * 4 + 256;
}

/** Bytes of signals whose gradients are summed together: they stay in the first-level cache. */
const AT_HAND: i32 = 24576;

/** Whether each pixel is a row of a dense layer. */
// @ts-ignore: decorator
@inline
function is_pointwise(inH: i32, inW: i32, outH: i32, outW: i32, kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32, groups: i32): bool {
  return kH * kW * sH * sW * groups == 1 && top == 0 && left == 0 && inH == outH && inW == outW;
}

export function conv_grad_f32(
  dx: usize, dw: usize, dbias: usize, dy: usize, y: usize, x: usize, w: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, groups: i32, low: f32, high: f32, fresh: i32,
): void {
  if (is_pointwise(inH, inW, outH, outW, kH, kW, sH, sW, top, left, groups)) {
    fully_connected_grad_f32(dx, dw, dbias, dy, y, x, w, scratch, batch * outH * outW, inC, outC, low, high, fresh);
    return;
  }
  const inG = inC / groups, outG = outC / groups, inRow = inC << 2, outRow = outC << 2;
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  const framed = needs_frame(inH, inW, spanH, spanW, top, left);
  // Only dx reads beyond dy.
  const gTop = dx ? rows_before(kH, sH, top, dH) : 0, gLeft = dx ? rows_before(kW, sW, left, dW) : 0;
  const gH = outH + gTop + (dx ? rows_after(inH, outH, sH, top) : 0), gW = outW + gLeft + (dx ? rows_after(inW, outW, sW, left) : 0);
  const clamped = low > -Infinity || high < Infinity;
  const staged = clamped || gH != outH || gW != outW;
  const tables = scratch + packed_bytes(kH * kW * outG, inG) * groups;
  const tableBytes = table_bytes(((inH + sH - 1) / sH) * ((inW + sW - 1) / sW));
  const gFrame = (tables + sH * sW * tableBytes + 15) & ~15;
  const gBytes: i32 = staged ? gH * gW * outRow : 0;
  const xFrame = gFrame + ((gBytes + 15) & ~15);
  const gWidth = staged ? gW : outW;
  if (dx) prepare_dx(scratch, tables, tableBytes, w, inH, inW, inC, outC, kH, kW, sH, sW, top, left, dH, dW, groups, gWidth);
  if (staged) memory.fill(gFrame, 0, gH * gW * outRow);
  if (framed && dw) memory.fill(xFrame, 0, spanH * spanW * inRow);
  if (dw && is_signal(outW, kH, kW, framed ? spanW : inW, dH, dW, groups, inC, outC)) {
    signal_grad_w(dw, dy, y, x, xFrame, batch, inH, inW, inC, outH, outC, kH * kW * inC, spanH, spanW, framed, top, left, sH, clamped, low, high);
    dw = 0;
  }
  for (let b = 0; b < batch; b++) {
    let g = dy, gOrigin = dy, a = x;
    if (staged) {
      if (clamped) mask_image(gFrame, dy, y, outH, outW, outC, gH, gW, gTop, gLeft, low, high);
      else frame_image(gFrame, dy, outH, outW, outRow, gH, gW, gTop, gLeft);
      g = gFrame;
      gOrigin = gFrame + (gTop * gW + gLeft) * outRow;
    }
    if (dbias) for (let r = 0; r < outH; r++) add_columns(dbias, gOrigin + r * gWidth * outRow, outW, outC);
    if (dx) {
      if (fresh) memory.fill(dx, 0, inH * inW * inRow);
      run_dx(dx, g, scratch, tables, tableBytes, inH, inW, inC, outC, kH, kW, sH, sW, top, left, dH, dW, groups, gWidth,
        staged ? gTop : 0, staged ? gLeft : 0);
      dx += inH * inW * inRow;
    }
    if (dw) {
      if (framed) {
        frame_image(xFrame, x, inH, inW, inRow, spanH, spanW, top, left);
        a = xFrame;
      }
      const width = framed ? spanW : inW;
      const flat = dW == 1 && groups == 1;
      if (gathers(kH, kW, inC, sH, sW, dW, groups)) {
        const frameBytes: i32 = framed ? spanH * spanW * inRow + 32 : 0;
        const k = kH * kW * inC, rows = xFrame + frameBytes;
        gather_windows(rows, a, outH, outW, sH * width * inRow, sW * inRow, kH, dH * width * inRow, kW * inRow);
        if (gWidth == outW && ((outC | k) & 3) == 0) outer_products(dw, k << 2, gOrigin, outRow, 0, rows, k << 2, 0, 1, outH * outW, outC, k);
        else window_grad_w(dw, rows, gOrigin, outC, outH, outW, outW * k * 4, k << 2, gWidth * outRow, outRow, 1, 0, 1, 0, k);
      } else for (let q = 0; q < groups; q++) {
        window_grad_w(dw + q * outG * kH * kW * inG * 4, a + q * inG * 4, gOrigin + q * outG * 4, outG, outH, outW,
          sH * width * inRow, sW * inRow, gWidth * outRow, outRow, kH, dH * width * inRow, flat ? 1 : kW, dW * inRow, flat ? kW * inC : inG);
      }
    }
    dy += outH * outW * outRow;
    y += outH * outW * outRow;
    x += inH * inW * inRow;
  }
}

/** Whether windows are contiguous pieces of a signal, which outer_products takes as they are. */
// @ts-ignore: decorator
@inline
function is_signal(outW: i32, kH: i32, kW: i32, w: i32, dH: i32, dW: i32, groups: i32, inC: i32, outC: i32): bool {
  return dW == 1 && groups == 1 && is_whole(outW, kH, kW, w, dH) && ((outC | (kH * kW * inC)) & 3) == 0;
}

/** dw of signals [h, 1, c]: several at a time, as a signal alone has few places. `frames` has room for AT_HAND bytes, or for one. */
function signal_grad_w(
  dw: usize, dy: usize, y: usize, x: usize, frames: usize, batch: i32, inH: i32, inW: i32, inC: i32, outH: i32, outC: i32, k: i32,
  spanH: i32, spanW: i32, framed: bool, top: i32, left: i32, sH: i32, clamped: bool, low: f32, high: f32,
): void {
  const inRow = inC << 2, outRow = outC << 2, w = framed ? spanW : inW;
  const signal = (framed ? spanH : inH) * w * inRow, gSignal = outH * outRow;
  const most = max(1, AT_HAND / (signal + gSignal));
  let masks = frames;
  if (framed) {
    memory.fill(frames, 0, most * signal);
    masks += most * signal;
  }
  for (let from = 0; from < batch; from += most) {
    const count = min(most, batch - from);
    if (framed) for (let i = 0; i < count; i++) {
      frame_image(frames + i * signal, x + i * inH * inW * inRow, inH, inW, inRow, spanH, spanW, top, left);
    }
    if (clamped) mask_row(masks, dy, y, count * outH * outC, low, high);
    outer_products(dw, k << 2, clamped ? masks : dy, outRow, gSignal, framed ? frames : x, sH * w * inRow, signal, count, outH, outC, k);
    x += count * inH * inW * inRow;
    dy += count * gSignal;
    y += count * gSignal;
  }
}

/** For each phase of the stride: the packed taps, reversed so that dy is met in ascending order, and the table of pixels. */
function prepare_dx(
  packed: usize, tables: usize, tableBytes: i32, w: usize, inH: i32, inW: i32, inC: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, groups: i32, gW: i32,
): void {
  const inG = inC / groups, outG = outC / groups, tapsH = sH / gcd(sH, dH), tapsW = sW / gcd(sW, dW);
  for (let ry = 0; ry < sH; ry++) for (let rx = 0; rx < sW; rx++, tables += tableBytes) {
    const ky = first_tap(ry, kH, sH, dH), kx = first_tap(rx, kW, sW, dW);
    if (ky < 0 || kx < 0) continue;
    const ny = (kH - 1 - ky) / tapsH, nx = (kW - 1 - kx) / tapsW;
    for (let q = 0; q < groups; q++) {
      for (let j = 0; j < inG; j += 8) {
        const n = min(8, inG - j);
        for (let ty = ny; ty >= 0; ty--) for (let tx = nx; tx >= 0; tx--) for (let o = q * outG; o < (q + 1) * outG; o++) {
          const from = w + (((o * kH + ky + ty * tapsH) * kW + kx + tx * tapsW) * inG + j) * 4;
          for (let c = 0; c < n; c++) store<f32>(packed + (c << 2), load<f32>(from + (c << 2)));
          for (let c = n; c < 8; c++) store<f32>(packed + (c << 2), 0);
          packed += 32;
        }
      }
    }
    const y0 = phase_start(ry, sH, top), x0 = phase_start(rx, sW, left);
    const rows = phase_count(y0, inH, sH), columns = phase_count(x0, inW, sW);
    if (rows > 0 && columns > 0) {
      fill_table(tables, rows, columns, gW * outC * 4, outC * 4, sH * inW * inC * 4, sW * inC * 4);
    }
  }
}

function run_dx(
  dx: usize, g: usize, packed: usize, tables: usize, tableBytes: i32, inH: i32, inW: i32, inC: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, groups: i32, gW: i32, gTop: i32, gLeft: i32,
): void {
  const inG = inC / groups, outG = outC / groups, outRow = outC << 2;
  const gH = gcd(sH, dH), gV = gcd(sW, dW), stepH = dH / gH, stepW = dW / gV, tapsH = sH / gH, tapsW = sW / gV;
  const flat = stepW == 1 && groups == 1;
  for (let ry = 0; ry < sH; ry++) for (let rx = 0; rx < sW; rx++, tables += tableBytes) {
    const ky = first_tap(ry, kH, sH, dH), kx = first_tap(rx, kW, sW, dW);
    if (ky < 0 || kx < 0) continue;
    const ny = (kH - 1 - ky) / tapsH + 1, nx = (kW - 1 - kx) / tapsW + 1;
    const bytes = packed_bytes(ny * nx * outG, inG);
    const y0 = phase_start(ry, sH, top), x0 = phase_start(rx, sW, left);
    const rows = phase_count(y0, inH, sH), columns = phase_count(x0, inW, sW);
    if (rows > 0 && columns > 0) {
      // The row of dy that meets tap ky at input row y0, less the taps before it once reversed.
      const oy = (y0 + top - ky * dH) / sH - (ny - 1) * stepH + gTop;
      const ox = (x0 + left - kx * dW) / sW - (nx - 1) * stepW + gLeft;
      const at = g + (oy * gW + ox) * outRow, to = dx + (y0 * inW + x0) * inC * 4;
      if (flat && columns == 1 && gW == nx && (stepH == 1 || ny == 1)) {
        gemm_f32(to, at, packed, 0, rows, ny * nx * outC, inC, gW * outRow, sH * inW * inC * 4, 1, 0, 0);
      } else for (let q = 0; q < groups; q++) {
        window_gemm(to + q * inG * 4, at + q * outG * 4, packed + q * bytes, 0, tables, rows * columns, inG, 1,
          ny, stepH * gW * outRow, flat ? 1 : nx, stepW * outRow, flat ? nx * outC : outG, 0, 0);
      }
    }
    packed += bytes * groups;
  }
}

/** The definition of all three gradients. */
export function conv_grad_f32_ref(
  dx: usize, dw: usize, dbias: usize, dy: usize, y: usize, x: usize, w: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, groups: i32, low: f32, high: f32,
): void {
  const inG = inC / groups, outG = outC / groups;
  for (let b = 0; b < batch; b++) for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++) {
    for (let o = 0; o < outC; o++, y += 4, dy += 4) {
      if (!(load<f32>(y) > low && load<f32>(y) < high)) continue;
      const g = load<f32>(dy), c0 = (o / outG) * inG;
      if (dbias) store<f32>(dbias + (o << 2), load<f32>(dbias + (o << 2)) + g);
      for (let ky = 0; ky < kH; ky++) for (let kx = 0; kx < kW; kx++) {
        const iy = oy * sH - top + ky * dH, ix = ox * sW - left + kx * dW;
        if (iy < 0 || iy >= inH || ix < 0 || ix >= inW) continue;
        for (let c = 0; c < inG; c++) {
          const i = (((b * inH + iy) * inW + ix) * inC + c0 + c) << 2, j = (((o * kH + ky) * kW + kx) * inG + c) << 2;
          if (dx) store<f32>(dx + i, load<f32>(dx + i) + g * load<f32>(w + j));
          if (dw) store<f32>(dw + j, load<f32>(dw + j) + g * load<f32>(x + i));
        }
      }
    }
  }
}
