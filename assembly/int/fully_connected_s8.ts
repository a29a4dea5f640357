// int8 dense layer, one scale per tensor.
//
//   y    i8  [batch, units]   written
//   x    i8  [batch, depth]   real = scale * (x + xOffset)
//   w    i8  [units, depth]   symmetric: zero point 0
//   bias i32 [units] or 0     in units of x.scale * w.scale
//
// Source: CMSIS-NN 99f736a, arm_fully_connected_s8 (C path); equal bit for bit.
import { requantize } from "../math/requantize";

export function fully_connected_s8_ref(
  y: usize, x: usize, w: usize, bias: usize,
  batch: i32, depth: i32, units: i32,
  xOffset: i32, wOffset: i32, yOffset: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  for (let b = 0; b < batch; b++, x += depth) {
    for (let u = 0, row = w; u < units; u++, row += depth, y++) {
      let acc = bias ? load<i32>(bias + (u << 2)) : 0;
      for (let d = 0; d < depth; d++) {
        acc += (load<i8>(x + d) + xOffset) * (load<i8>(row + d) + wOffset);
      }
      const q = requantize(acc, multiplier, shift) + yOffset;
      store<i8>(y, max(yMin, min(yMax, q)));
    }
  }
}
