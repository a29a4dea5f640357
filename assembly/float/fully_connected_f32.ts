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
import { gemm_pack, packed_bytes } from "./tile";

export function fully_connected_pack_f32(packed: usize, w: usize, depth: i32, units: i32): void {
  gemm_pack(packed, w, depth, units, 4, depth << 2);
}

export function fully_connected_f32(
  y: usize, x: usize, packed: usize, bias: usize, batch: i32, depth: i32, units: i32, low: f32, high: f32,
): void {
  gemm_f32(y, x, packed, bias, batch, depth, units, depth << 2, units << 2, 0, low, high);
}

/** Scratch bytes of fully_connected_grad_f32. */
export function fully_connected_grad_scratch_f32(batch: i32, depth: i32, units: i32): i32 {
  return packed_bytes(units, depth) + batch * units * 4 + 64;
}

/** dx [batch, depth], dw [units, depth], dbias [units], each or 0, are added to; dy counts where low < y < high. */
export function fully_connected_grad_f32(
  dx: usize, dw: usize, dbias: usize, dy: usize, y: usize, x: usize, w: usize, scratch: usize,
  batch: i32, depth: i32, units: i32, low: f32, high: f32,
): void {
  let g = dy;
  if (low > -Infinity || high < Infinity) {
    g = scratch + packed_bytes(units, depth);
    mask_row(g, dy, y, batch * units, low, high);
  }
  if (dbias) add_columns(dbias, g, batch, units);
  if (dx) {
    gemm_pack(scratch, w, units, depth, depth << 2, 4);
    gemm_f32(dx, g, scratch, 0, batch, units, depth, units << 2, depth << 2, 1, 0, 0);
  }
  if (dw) window_grad_w(dw, x, g, units, 1, batch, 0, depth << 2, 0, units << 2, 1, 0, 1, 0, depth);
}
