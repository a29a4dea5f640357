// int8 dense layer, one scale per tensor or per unit.
//
//   y       i8  [batch, units]   written
//   x       i8  [batch, depth]   real = scale * (x + xOffset)
//   w       i8  [units, depth]   real = scale * (w + wOffset)
//   bias    i32 [units] or 0     in units of x.scale * w.scale
//   plan    fully_connected_pack_s8's result
//   scratch fully_connected_scratch_s8 bytes
//
// Source: CMSIS-NN 99f736a, arm_fully_connected_s8 and arm_fully_connected_per_channel_s8 (C path); equal bit for bit.
import { WIDTH, words_of } from "../math/products";
import { RECORD } from "../math/rescale";
import { clamp, requantize } from "../math/requantize";
import { widen_s8 } from "../math/widen";
import { gemm_s8, pack_s8 } from "./tile_s8";

// @ts-ignore: decorator
@inline
const NEAR: i32 = 16384;

/** Bytes of fully_connected_pack_s8's result: a record and the weights of each block of 8 units. */
export function fully_connected_packed_s8(depth: i32, units: i32): i32 {
  return ((units + 7) >> 3) * (RECORD + (words_of(depth) << 5));
}

/** `each`: 4 = a multiplier and a shift for each unit, 0 = one for all. */
export function fully_connected_pack_s8(
  plan: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32, depth: i32, units: i32,
  xOffset: i32, wOffset: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  pack_s8(
    plan + ((units + 7) >> 3) * RECORD, plan, w, depth, 1, depth, wOffset, xOffset, units, bias, multiplier, shift, each, yOffset, yMin, yMax);
}

/** Scratch bytes of fully_connected_s8. */
export function fully_connected_scratch_s8(depth: i32): i32 {
  return max(NEAR, (4 * depth) << WIDTH) + 32;
}

export function fully_connected_s8(y: usize, x: usize, plan: usize, scratch: usize, batch: i32, depth: i32, units: i32, xOffset: i32): void {
  const row = depth << WIDTH, chunk = max(4, (NEAR / max(row, 1)) & ~3);
  for (let i = 0; i < batch; i += chunk) {
    const n = min(chunk, batch - i);
    widen_s8(scratch, x + i * depth, n * depth, xOffset);
    gemm_s8(y + i * units, scratch, plan + ((units + 7) >> 3) * RECORD, plan, n, units, row, units, words_of(depth) << 2);
  }
}

/** The definition; takes w as it is. */
export function fully_connected_s8_ref(
  y: usize, x: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32,
  batch: i32, depth: i32, units: i32, xOffset: i32, wOffset: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  for (let b = 0; b < batch; b++, x += depth) {
    for (let u = 0, row = w; u < units; u++, row += depth, y++) {
      let acc = bias ? load<i32>(bias + (u << 2)) : 0;
      for (let d = 0; d < depth; d++) acc += (load<i8>(x + d) + xOffset) * (load<i8>(row + d) + wOffset);
      store<i8>(y, clamp(requantize(acc, load<i32>(multiplier + u * each), load<i32>(shift + u * each)) + yOffset, yMin, yMax));
    }
  }
}
