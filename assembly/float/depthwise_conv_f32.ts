// float depthwise convolution.
//
//   y       f32 [batch, outH, outW, c * multiplier]   written; clamped to low..high
//   x       f32 [batch, inH, inW, c]
//   w       f32 [kH, kW, c * multiplier]
//   bias    f32 [c * multiplier] or 0
//   scratch depthwise_conv_scratch_f32 bytes
//
// Tiles of 4 pixels by 8 channels; 3x3 taps with stride 1 by rows. With a multiplier above 1 the image is spread first, so that every output channel has its own.
import { clamp_s, clamp_v } from "../math/activation_f32";
import { needs_frame, frame_image, spread_image } from "../math/frame";
import { fill_table } from "../math/pixel_table";
import { depthwise_3x3 } from "./depthwise_3x3";
import { table_bytes } from "./tile";

/** Scratch bytes of depthwise_conv_f32. */
export function depthwise_conv_scratch_f32(
  outH: i32, outW: i32, outC: i32, kH: i32, kW: i32, sH: i32, sW: i32, dH: i32, dW: i32,
): i32 {
  return table_bytes(outH * outW) + ((outH - 1) * sH + (kH - 1) * dH + 1) * ((outW - 1) * sW + (kW - 1) * dW + 1) * outC * 4 + 64;
}

export function depthwise_conv_f32(
  y: usize, x: usize, w: usize, bias: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, low: f32, high: f32,
): void {
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  const framed = inC != outC || needs_frame(inH, inW, spanH, spanW, top, left);
  const row = outC << 2, width = framed ? spanW : inW, frame = scratch + table_bytes(outH * outW);
  const near = kH == 3 && kW == 3 && sH == 1 && sW == 1 && dH == 1 && dW == 1;
  if (!near) fill_table(scratch, outH, outW, sH * width * row, sW * row, outW * row, row);
  if (framed) memory.fill(frame, 0, spanH * spanW * row);
  for (let b = 0; b < batch; b++) {
    let a = x;
    if (framed) {
      if (inC == outC) frame_image(frame, x, inH, inW, row, spanH, spanW, top, left);
      else spread_image(frame, x, inH, inW, inC, outC / inC, spanH, spanW, top, left);
      a = frame;
    }
    if (near) depthwise_3x3(y, a, w, bias, outH, outW, outC, outW * row, width * row, row, 0, low, high);
    else window_depthwise(y, a, w, bias, scratch, outH * outW, outC, 0, kH, dH * width * row, kW, dW * row, low, high);
    x += inH * inW * inC * 4;
    y += outH * outW * row;
  }
}

/** y = clamp(sum over taps of a * w + bias), or y += the sum when `add`, over the pixels of a table. w [ny][nx][channels]. */
export function window_depthwise(
  y: usize, a: usize, w: usize, bias: usize, table: usize, pixels: i32, channels: i32, add: i32,
  ny: i32, sy: i32, nx: i32, sx: i32, low: f32, high: f32,
): void {
  const end = table + (pixels << 3);
  for (let t = table; t < end; t += 32) {
    const a0 = a + load<i32>(t), a1 = a + load<i32>(t, 8), a2 = a + load<i32>(t, 16), a3 = a + load<i32>(t, 24);
    const y0 = y + load<i32>(t, 4), y1 = y + load<i32>(t, 12), y2 = y + load<i32>(t, 20), y3 = y + load<i32>(t, 28);
    for (let c = 0; c < channels; c += 8) {
      const o = c << 2;
      depthwise_tile(y0 + o, y1 + o, y2 + o, y3 + o, min(8, channels - c), add, a0 + o, a1 + o, a2 + o, a3 + o, w + o,
        ny, sy, nx, sx, channels << 2, bias ? bias + o : 0, low, high);
    }
  }
}

function depthwise_tile(
  y0: usize, y1: usize, y2: usize, y3: usize, columns: i32, add: i32, a0: usize, a1: usize, a2: usize, a3: usize, w: usize,
  ny: i32, sy: i32, nx: i32, sx: i32, wStep: i32, bias: usize, low: f32, high: f32,
): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  for (let iy = 0; iy < ny; iy++) {
    let p0 = a0, p1 = a1, p2 = a2, p3 = a3;
    for (let ix = 0; ix < nx; ix++, w += wStep, p0 += sx, p1 += sx, p2 += sx, p3 += sx) {
      const v0 = v128.load(w), v1 = v128.load(w, 16);
      c00 = f32x4.add(c00, f32x4.mul(v0, v128.load(p0))); c01 = f32x4.add(c01, f32x4.mul(v1, v128.load(p0, 16)));
      c10 = f32x4.add(c10, f32x4.mul(v0, v128.load(p1))); c11 = f32x4.add(c11, f32x4.mul(v1, v128.load(p1, 16)));
      c20 = f32x4.add(c20, f32x4.mul(v0, v128.load(p2))); c21 = f32x4.add(c21, f32x4.mul(v1, v128.load(p2, 16)));
      c30 = f32x4.add(c30, f32x4.mul(v0, v128.load(p3))); c31 = f32x4.add(c31, f32x4.mul(v1, v128.load(p3, 16)));
    }
    a0 += sy; a1 += sy; a2 += sy; a3 += sy;
  }
  store_row(y0, c00, c01, columns, add, bias, low, high);
  if (y1 != y0) store_row(y1, c10, c11, columns, add, bias, low, high);
  if (y2 != y1) store_row(y2, c20, c21, columns, add, bias, low, high);
  if (y3 != y2) store_row(y3, c30, c31, columns, add, bias, low, high);
}

// @ts-ignore: decorator
@inline
function store_row(y: usize, c0: v128, c1: v128, columns: i32, add: i32, bias: usize, low: f32, high: f32): void {
  if (columns == 8) {
    if (add) {
      v128.store(y, f32x4.add(v128.load(y), c0));
      v128.store(y, f32x4.add(v128.load(y, 16), c1), 16);
    } else {
      const l = f32x4.splat(low), h = f32x4.splat(high);
      v128.store(y, clamp_v(bias ? f32x4.add(c0, v128.load(bias)) : c0, l, h));
      v128.store(y, clamp_v(bias ? f32x4.add(c1, v128.load(bias, 16)) : c1, l, h), 16);
    }
  } else store_part_row(y, c0, c1, columns, add, bias, low, high);
}

function store_part_row(y: usize, c0: v128, c1: v128, columns: i32, add: i32, bias: usize, low: f32, high: f32): void {
  let v = c0;
  for (let j = 0; j < columns; j++, y += 4) {
    if (j == 4) v = c1;
    const c = f32x4.extract_lane(v, 0);
    store<f32>(y, add ? load<f32>(y) + c : clamp_s(c + (bias ? load<f32>(bias + (j << 2)) : 0), low, high));
    v = v128.shuffle<i32>(v, v, 1, 2, 3, 0);
  }
}

/** The definition. */
export function depthwise_conv_f32_ref(
  y: usize, x: usize, w: usize, bias: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, low: f32, high: f32,
): void {
  for (let b = 0; b < batch; b++) for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++) {
    for (let o = 0; o < outC; o++, y += 4) {
      let acc: f32 = 0;
      for (let ky = 0; ky < kH; ky++) for (let kx = 0; kx < kW; kx++) {
        const iy = oy * sH - top + ky * dH, ix = ox * sW - left + kx * dW;
        if (iy < 0 || iy >= inH || ix < 0 || ix >= inW) continue;
        acc += load<f32>(x + ((((b * inH + iy) * inW + ix) * inC + o / (outC / inC)) << 2)) * load<f32>(w + (((ky * kW + kx) * outC + o) << 2));
      }
      if (bias) acc += load<f32>(bias + (o << 2));
      store<f32>(y, clamp_s(acc, low, high));
    }
  }
}
