// float dense layer and its gradients.
//
//   y      f32 [batch, units]   written; clamped to low..high
//   x      f32 [batch, depth]
//   w      f32 [units, depth]
//   packed f32 fully_connected_pack_f32's result, (units + 7) / 8 * depth * 32 bytes
//   bias   f32 [units] or 0
import { mask_row } from "../math/activation_f32";
import { add_columns, window_grad_w } from "./window_grad";
import { gemm_f32 } from "./gemm_f32";
import { outer_products } from "./tile_products";
import { gemm_pack, packed_bytes } from "./tile";

export function fully_connected_pack_f32(packed: usize, w: usize, depth: i32, units: i32): void {
  gemm_pack(packed, w, depth, units, 4, depth << 2);
}

export function fully_connected_f32(
  y: usize, x: usize, packed: usize, bias: usize, batch: i32, depth: i32, units: i32, low: f32, high: f32,
): void {
  gemm_f32(y, x, packed, bias, batch, depth, units, depth << 2, units << 2, 0, low, high);
}

/** Rows whose gradients are held together. */
const BAND: i32 = 128;

/** Scratch bytes of fully_connected_grad_f32. */
export function fully_connected_grad_scratch_f32(depth: i32, units: i32): i32 {
  return packed_bytes(units, depth) + BAND * units * 4 + 64;
}

/**
 * dx [batch, depth] (`fresh`: written), dw [units, depth], dbias [units], each or 0, are added to; dy counts where low < y < high.
 * A convolution of 1x1 taps is the same with a row for each pixel.
 */
export function fully_connected_grad_f32(
  dx: usize, dw: usize, dbias: usize, dy: usize, y: usize, x: usize, w: usize, scratch: usize,
  batch: i32, depth: i32, units: i32, low: f32, high: f32, fresh: i32,
): void {
  const row = units << 2, pixel = depth << 2, clamped = low > -Infinity || high < Infinity;
  if (dx) gemm_pack(scratch, w, units, depth, pixel, 4);
  for (let from = 0; from < batch; from += BAND) {
    const count = min(BAND, batch - from);
    let g = dy;
    if (clamped) {
      g = scratch + packed_bytes(units, depth);
      mask_row(g, dy, y, count * units, low, high);
    }
    if (dbias) add_columns(dbias, g, count, units);
    if (dx) {
      gemm_f32(dx, g, scratch, 0, count, units, depth, row, pixel, fresh ? 0 : 1, -Infinity, Infinity);
      dx += count * pixel;
    }
    if (dw) {
      if (((units | depth) & 3) == 0) outer_products(dw, pixel, g, row, 0, x, pixel, 0, 1, count, units, depth);
      else window_grad_w(dw, x, g, units, 1, count, 0, pixel, 0, row, 1, 0, 1, 0, depth);
      x += count * pixel;
    }
    dy += count * row;
    y += count * row;
  }
}
