// Parts of an LSTM step, int8 or int16 activations, int8 weights, int16 gates and cell.
//
// Source: CMSIS-NN 99f736a, arm_nn_lstm_step_s8, arm_nn_lstm_step_s16 and what they call; equal bit for bit.
import { dotS16, dotS8 } from "../math/dot";
import { clamp, reduceMultiplier, requantize, requantizeS64 } from "../math/requantize";

/**
 * gate i16 [rows] = clamp(requantize(bias + w . x, multiplier, shift) + (add ? gate : 0))
 *
 *   x i8 [columns], w i8 [rows, columns], bias i32 [rows] with x's zero point worked in
 */
export function lstm_gate_s8(
  gate: usize, x: usize, w: usize, bias: usize, rows: i32, columns: i32, multiplier: i32, shift: i32, add: i32,
): void {
  for (let r = 0; r < rows; r++, w += columns, gate += 2) {
    const q = requantize(load<i32>(bias + (r << 2)) + dotS8(x, w, columns, 0, 0), multiplier, shift);
    store<i16>(gate, clamp(q + (add ? i32(load<i16>(gate)) : 0), -32768, 32767));
  }
}

/** The same for x i16 [columns] and bias i64 [rows]. */
export function lstm_gate_s16(
  gate: usize, x: usize, w: usize, bias: usize, rows: i32, columns: i32, multiplier: i32, shift: i32, add: i32,
): void {
  const m = reduceMultiplier(multiplier);
  for (let r = 0; r < rows; r++, w += columns, gate += 2) {
    const q = requantizeS64(load<i64>(bias + (r << 3)) + dotS16<i8>(x, w, columns), m, shift);
    store<i16>(gate, clamp(q + (add ? i32(load<i16>(gate)) : 0), -32768, 32767));
  }
}

/** y i16 [n] = clamp(requantize(a * b, multiplier, shift) + y) */
export function elementwise_mul_acc_s16(
  y: usize, a: usize, b: usize, n: i32, multiplier: i32, shift: i32, yMin: i32, yMax: i32,
): void {
  for (let i = 0, at: usize = 0; i < n; i++, at += 2) {
    const q = requantize(i32(load<i16>(a + at)) * i32(load<i16>(b + at)), multiplier, shift);
    store<i16>(y + at, clamp(q + i32(load<i16>(y + at)), yMin, yMax));
  }
}

/** y i8 [n] = clamp(requantize(a * b, multiplier, shift) + yOffset), a and b i16 */
export function elementwise_mul_s16_s8(y: usize, a: usize, b: usize, n: i32, multiplier: i32, shift: i32, yOffset: i32): void {
  for (let i = 0; i < n; i++) {
    const product = i32(load<i16>(a + (i << 1))) * i32(load<i16>(b + (i << 1)));
    store<i8>(y + i, clamp(requantize(product, multiplier, shift) + yOffset, -128, 127));
  }
}
