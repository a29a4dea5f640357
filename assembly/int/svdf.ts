// SVDF, a layer of rank-1 filters over time with a state of int8 or int16.
//
//   y        i8 [batch, features / rank]
//   x        i8 [batch, size]
//   state    i8 or i16 [batch, features, time], oldest first; moved on by one and the newest written
//   wFeature i8 [features, size]
//   wTime    i8 or i16 (as the state) [features, time]
//   bias     i32 [features / rank] or 0
//
// Source: CMSIS-NN 99f736a, arm_svdf_s8, arm_svdf_state_s16_s8; equal bit for bit.
import { dotS8 } from "../math/dot";
import { clamp, requantize } from "../math/requantize";

// @ts-ignore: decorator
@inline
function svdf<S>(
  y: usize, x: usize, state: usize, wFeature: usize, wTime: usize, bias: usize,
  batch: i32, size: i32, features: i32, time: i32, rank: i32, xOffset: i32, yOffset: i32,
  sMultiplier: i32, sShift: i32, sMin: i32, sMax: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): void {
  const units = features / rank;
  const row = time * sizeof<S>();
  for (let b = 0; b < batch; b++, x += size) {
    for (let u = 0, f = 0; u < units; u++, y++) {
      let acc = bias ? load<i32>(bias + (u << 2)) : 0;
      for (let r = 0; r < rank; r++, f++, state += row) {
        memory.copy(state, state + sizeof<S>(), row - sizeof<S>());
        const newest = requantize(dotS8(x, wFeature + f * size, size, xOffset, 0), sMultiplier, sShift);
        store<S>(state + row - sizeof<S>(), <S>clamp(newest, sMin, sMax));
        const w = wTime + f * row;
        for (let t = 0; t < row; t += sizeof<S>()) acc += i32(load<S>(w + t)) * i32(load<S>(state + t));
      }
      store<i8>(y, clamp(requantize(acc, yMultiplier, yShift) + yOffset, yMin, yMax));
    }
  }
}

export function svdf_s8(
  y: usize, x: usize, state: usize, wFeature: usize, wTime: usize, bias: usize,
  batch: i32, size: i32, features: i32, time: i32, rank: i32, xOffset: i32, yOffset: i32,
  sMultiplier: i32, sShift: i32, sMin: i32, sMax: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): void {
  svdf<i8>(y, x, state, wFeature, wTime, bias, batch, size, features, time, rank, xOffset, yOffset,
    sMultiplier, sShift, sMin, sMax, yMultiplier, yShift, yMin, yMax);
}

export function svdf_state_s16_s8(
  y: usize, x: usize, state: usize, wFeature: usize, wTime: usize, bias: usize,
  batch: i32, size: i32, features: i32, time: i32, rank: i32, xOffset: i32, yOffset: i32,
  sMultiplier: i32, sShift: i32, sMin: i32, sMax: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): void {
  svdf<i16>(y, x, state, wFeature, wTime, bias, batch, size, features, time, rank, xOffset, yOffset,
    sMultiplier, sShift, sMin, sMax, yMultiplier, yShift, yMin, yMax);
}
