// int16 dense layer with int8 weights, zero points 0.
//
//   y       i16 [batch, units]   written
//   x       i16 [batch, depth]
//   w       i8  [units, depth]
//   packed  fully_connected_pack_s16's result
//   bias    i64 [units] where `wide`, else i32; or 0
//   scratch 64 bytes
//
// Source: CMSIS-NN 99f736a, arm_fully_connected_s16 (C path); equal bit for bit, but for its defect: sums are int64 everywhere.
import { finish_s16, rescale_s16, row_s16 } from "./sums_s16";
import { pack_block } from "./tile_s8";

/** Bytes of fully_connected_pack_s16's result. */
export function fully_connected_packed_s16(depth: i32, units: i32): i32 {
  return ((units + 7) >> 3) * (((depth + 1) >> 1) << 5);
}

export function fully_connected_pack_s16(packed: usize, w: usize, depth: i32, units: i32): void {
  for (let j = 0; j < units; j += 8, packed += ((depth + 1) >> 1) << 5) pack_block(packed, w + j * depth, depth, min(8, units - j), 1, depth, 0);
}

export function fully_connected_s16(
  y: usize, x: usize, packed: usize, bias: usize, multiplier: usize, shift: usize, each: i32, wide: i32, scratch: usize,
  batch: i32, depth: i32, units: i32, yMin: i32, yMax: i32,
): void {
  const bytes = ((depth + 1) >> 1) << 2;
  for (let i = 0; i < batch; i++, x += depth << 1, y += units << 1) {
    for (let j = 0, b = packed; j < units; j += 8, b += bytes << 3) {
      row_s16(scratch, x, b, 1, 0, 1, 0, bytes);
      finish_s16(y + (j << 1), scratch, min(8, units - j), j, bias, multiplier, shift, each, wide, yMin, yMax);
    }
  }
}

/** The definition; takes w as it is. */
export function fully_connected_s16_ref(
  y: usize, x: usize, w: usize, bias: usize, multiplier: usize, shift: usize, each: i32, wide: i32,
  batch: i32, depth: i32, units: i32, yMin: i32, yMax: i32,
): void {
  for (let i = 0; i < batch; i++, x += depth << 1) {
    for (let u = 0, row = w; u < units; u++, row += depth, y += 2) {
      let sum: i64 = 0;
      for (let d = 0; d < depth; d++) sum += i64(i32(load<i16>(x + (d << 1))) * load<i8>(row + d));
      store<i16>(y, rescale_s16(sum, u, bias, multiplier, shift, each, wide, yMin, yMax));
    }
  }
}
