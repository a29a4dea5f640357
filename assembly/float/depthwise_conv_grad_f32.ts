// Gradients of the float depthwise convolution. What they fill they add to.
//
//   dx      f32 [batch, inH, inW, c] or 0; `fresh`: each image of it is cleared first, while it is in the cache
//   dw      f32 [kH, kW, c * multiplier] or 0
//   dbias   f32 [c * multiplier] or 0
//   dy      f32 [batch, outH, outW, c * multiplier]
//   y       f32, the outputs of the forward pass: dy counts where low < y < high
//   scratch depthwise_conv_grad_scratch_f32 bytes
import { mask_image } from "../math/activation_f32";
import { frame_image, gather_image, needs_frame, spread_image } from "../math/frame";
import { first_tap, gcd, phase_count, phase_start, rows_after, rows_before } from "../math/phase";
import { fill_table } from "../math/pixel_table";
import { add_columns } from "./window_grad";
import { add_four, depthwise_3x3, depthwise_3x3_grad_w } from "./depthwise_3x3";
import { window_depthwise } from "./depthwise_conv_f32";
import { table_bytes } from "./tile";

/** Scratch bytes of depthwise_conv_grad_f32. */
export function depthwise_conv_grad_scratch_f32(
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32,
): i32 {
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  const gH = outH + rows_before(kH, sH, top, dH) + rows_after(inH, outH, sH, top);
  const gW = outW + rows_before(kW, sW, left, dW) + rows_after(inW, outW, sW, left);
  const spread = inC == outC ? 0 : inH * inW * outC;
  return sH * sW * table_bytes(((inH + sH - 1) / sH) * ((inW + sW - 1) / sW)) + (kH * kW + gH * gW + max(9, spanH * spanW)) * outC * 4 + spread * 4 + 256;
}

export function depthwise_conv_grad_f32(
  dx: usize, dw: usize, dbias: usize, dy: usize, y: usize, x: usize, w: usize, scratch: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, low: f32, high: f32, fresh: i32,
): void {
  const row = outC << 2;
  const spanH = (outH - 1) * sH + (kH - 1) * dH + 1, spanW = (outW - 1) * sW + (kW - 1) * dW + 1;
  const spread = inC != outC, framed = spread || needs_frame(inH, inW, spanH, spanW, top, left);
  const gTop = rows_before(kH, sH, top, dH), gLeft = rows_before(kW, sW, left, dW);
  const gH = outH + gTop + rows_after(inH, outH, sH, top), gW = outW + gLeft + rows_after(inW, outW, sW, left);
  const tableBytes = table_bytes(((inH + sH - 1) / sH) * ((inW + sW - 1) / sW));
  const taps = scratch + sH * sW * tableBytes, gFrame = (taps + kH * kW * row + 15) & ~15;
  const xFrame = (gFrame + gH * gW * row + 15) & ~15, wide = (xFrame + max(9, spanH * spanW) * row + 15) & ~15;
  if (dx) prepare_dx(taps, scratch, tableBytes, w, inH, inW, outC, kH, kW, sH, sW, top, left, dH, dW, gW);
  memory.fill(gFrame, 0, gH * gW * row);
  const near = kH == 3 && kW == 3 && sH == 1 && sW == 1 && dH == 1 && dW == 1;
  // 3x3 taps: sums of x times what lies around it in dy's frame are the taps of dw turned around, and x needs no frame.
  const turned = near && !spread, around = gFrame + ((gTop + top - 2) * gW + gLeft + left - 2) * row;
  if (dw) memory.fill(xFrame, 0, (turned ? 9 : spanH * spanW) * row);
  const origin = gFrame + (gTop * gW + gLeft) * row;
  for (let b = 0; b < batch; b++) {
    if (low > -Infinity || high < Infinity) mask_image(gFrame, dy, y, outH, outW, outC, gH, gW, gTop, gLeft, low, high);
    else frame_image(gFrame, dy, outH, outW, row, gH, gW, gTop, gLeft);
    if (dbias) for (let r = 0; r < outH; r++) add_columns(dbias, origin + r * gW * row, outW, outC);
    if (dx) {
      if (fresh) memory.fill(dx, 0, inH * inW * inC * 4);
      if (spread) memory.fill(wide, 0, inH * inW * row);
      const to = spread ? wide : dx;
      // At stride 1 the only phase reaches from 2 - top rows before dy.
      if (near) {
        depthwise_3x3(to, around, taps, 0, inH, inW, outC, inW * row, gW * row, row, 1, 0, 0);
      } else run_dx(to, gFrame, taps, scratch, tableBytes, inH, inW, outC, kH, kW, sH, sW, top, left, dH, dW, gW, gTop, gLeft);
      if (spread) gather_image(dx, wide, inH * inW * inC, outC / inC);
      dx += inH * inW * inC * 4;
    }
    if (dw && turned) depthwise_3x3_grad_w(xFrame, around, x, inH, inW, outC, inW * row, gW * row, row);
    else if (dw) {
      let a = x;
      if (framed) {
        if (spread) spread_image(xFrame, x, inH, inW, inC, outC / inC, spanH, spanW, top, left);
        else frame_image(xFrame, x, inH, inW, row, spanH, spanW, top, left);
        a = xFrame;
      }
      const width = framed ? spanW : inW;
      if (near) depthwise_3x3_grad_w(dw, a, origin, outH, outW, outC, gW * row, width * row, row);
      else grad_w(dw, a, origin, outH, outW, outC, sH * width * row, sW * row, gW * row, kH, dH * width * row, kW, dW * row);
    }
    dy += outH * outW * row;
    y += outH * outW * row;
    x += inH * inW * inC * 4;
  }
  if (dw && turned) {
    for (let t = 0; t < 9; t++) for (let o = 0; o < row; o += 4) {
      const to = dw + t * row + o;
      store<f32>(to, load<f32>(to) + load<f32>(xFrame + (8 - t) * row + o));
    }
  }
}

/** For each phase of the stride: its taps, reversed so that dy is met in ascending order, and the table of pixels. */
function prepare_dx(
  taps: usize, tables: usize, tableBytes: i32, w: usize, inH: i32, inW: i32, c: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, gW: i32,
): void {
  const tapsH = sH / gcd(sH, dH), tapsW = sW / gcd(sW, dW);
  for (let ry = 0; ry < sH; ry++) for (let rx = 0; rx < sW; rx++, tables += tableBytes) {
    const ky = first_tap(ry, kH, sH, dH), kx = first_tap(rx, kW, sW, dW);
    if (ky < 0 || kx < 0) continue;
    for (let ty = (kH - 1 - ky) / tapsH; ty >= 0; ty--) for (let tx = (kW - 1 - kx) / tapsW; tx >= 0; tx--) {
      memory.copy(taps, w + ((ky + ty * tapsH) * kW + kx + tx * tapsW) * c * 4, c << 2);
      taps += c << 2;
    }
    const rows = phase_count(phase_start(ry, sH, top), inH, sH), columns = phase_count(phase_start(rx, sW, left), inW, sW);
    if (rows > 0 && columns > 0) fill_table(tables, rows, columns, gW * c * 4, c * 4, sH * inW * c * 4, sW * c * 4);
  }
}

function run_dx(
  dx: usize, g: usize, taps: usize, tables: usize, tableBytes: i32, inH: i32, inW: i32, c: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, gW: i32, gTop: i32, gLeft: i32,
): void {
  const gy = gcd(sH, dH), gx = gcd(sW, dW), row = c << 2;
  for (let ry = 0; ry < sH; ry++) for (let rx = 0; rx < sW; rx++, tables += tableBytes) {
    const ky = first_tap(ry, kH, sH, dH), kx = first_tap(rx, kW, sW, dW);
    if (ky < 0 || kx < 0) continue;
    const ny = (kH - 1 - ky) / (sH / gy) + 1, nx = (kW - 1 - kx) / (sW / gx) + 1;
    const y0 = phase_start(ry, sH, top), x0 = phase_start(rx, sW, left);
    const rows = phase_count(y0, inH, sH), columns = phase_count(x0, inW, sW);
    if (rows > 0 && columns > 0) {
      const oy = (y0 + top - ky * dH) / sH - (ny - 1) * (dH / gy) + gTop;
      const ox = (x0 + left - kx * dW) / sW - (nx - 1) * (dW / gx) + gLeft;
      window_depthwise(dx + (y0 * inW + x0) * row, g + (oy * gW + ox) * row, taps, 0, tables, rows * columns, c, 1,
        ny, (dH / gy) * gW * row, nx, (dW / gx) * row, 0, 0);
    }
    taps += ny * nx * row;
  }
}

/** dw [ny][nx][c] += for each tap the sum over pixels of g * (what lies under the tap), 3 taps by 4 channels a time. */
function grad_w(
  dw: usize, a: usize, g: usize, outH: i32, outW: i32, c: i32, aRow: i32, aPixel: i32, gRow: i32, ny: i32, sy: i32, nx: i32, sx: i32,
): void {
  const row = c << 2;
  for (let iy = 0; iy < ny; iy++) {
    for (let ix = 0; ix < nx; ix += 3) {
      const n = min(3, nx - ix);
      const at = a + iy * sy + ix * sx, x1 = n > 1 ? sx : 0, x2 = n > 2 ? 2 * sx : 0;
      for (let j = 0; j < c; j += 4) {
        let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0);
        let p = at + (j << 2), q = g + (j << 2);
        for (let oy = 0; oy < outH; oy++, p += aRow, q += gRow) {
          let r = p, d = q;
          for (let ox = 0; ox < outW; ox++, r += aPixel, d += row) {
            const v = v128.load(d);
            s0 = f32x4.add(s0, f32x4.mul(v, v128.load(r)));
            s1 = f32x4.add(s1, f32x4.mul(v, v128.load(r + x1)));
            s2 = f32x4.add(s2, f32x4.mul(v, v128.load(r + x2)));
          }
        }
        const to = dw + (iy * nx + ix) * row + (j << 2), columns = min(4, c - j);
        add_four(to, s0, columns);
        if (n > 1) add_four(to + row, s1, columns);
        if (n > 2) add_four(to + 2 * row, s2, columns);
      }
    }
  }
}

/** The definition of all three gradients. */
export function depthwise_conv_grad_f32_ref(
  dx: usize, dw: usize, dbias: usize, dy: usize, y: usize, x: usize, w: usize, batch: i32,
  inH: i32, inW: i32, inC: i32, outH: i32, outW: i32, outC: i32, kH: i32, kW: i32,
  sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, low: f32, high: f32,
): void {
  for (let b = 0; b < batch; b++) for (let oy = 0; oy < outH; oy++) for (let ox = 0; ox < outW; ox++) {
    for (let o = 0; o < outC; o++, y += 4, dy += 4) {
      if (!(load<f32>(y) > low && load<f32>(y) < high)) continue;
      const g = load<f32>(dy);
      if (dbias) store<f32>(dbias + (o << 2), load<f32>(dbias + (o << 2)) + g);
      for (let ky = 0; ky < kH; ky++) for (let kx = 0; kx < kW; kx++) {
        const iy = oy * sH - top + ky * dH, ix = ox * sW - left + kx * dW;
        if (iy < 0 || iy >= inH || ix < 0 || ix >= inW) continue;
        const i = (((b * inH + iy) * inW + ix) * inC + o / (outC / inC)) << 2, j = ((ky * kW + kx) * outC + o) << 2;
        if (dx) store<f32>(dx + i, load<f32>(dx + i) + g * load<f32>(w + j));
        if (dw) store<f32>(dw + j, load<f32>(dw + j) + g * load<f32>(x + i));
      }
    }
  }
}
