// Softmax over the last axis of int8 or uint8 logits, in gemmlowp fixed point.
//
//   y  [rows, size]  i8: zero point -128, scale 1/256; u8: zero point 0, scale 1/256; i16: zero point -32768, scale 1/65536
//   x  i8 or u8 [rows, size]
//
// multiplier, shift: (x - max) << shift times the Q31 multiplier is the exponent in Q5.26; below diffMin the term is 0.
// exp depends on max - x only, one of 256 values, so the fast kernels read it from a table that softmax_table fills once.
//
// From 512 nearly tied maxima on the C code shifts by 32 and more, from 4096 on its int32 sum wraps: undefined in C, but the same on
// every Cortex-M. A shift by a register gives 0 (or the sign), and the sum is what 32 bits hold (test/vectors/softmax_ties.json).
//
// Source: CMSIS-NN 99f736a, arm_softmax_s8, arm_softmax_u8, arm_softmax_s8_s16; equal bit for bit.
import { clamp, divideByPowerOfTwo, doublingHighMult, doublingHighMultSat } from "../math/requantize";
import { expOnNegativeValues, oneOverOnePlusX } from "../math/exp_fixed";

const ACCUMULATION_BITS: i32 = 12;

/** table i32 [256]: exp of -d, d = 0..255, in Q0.31; -1 where it counts as nothing. */
export function softmax_table(table: usize, multiplier: i32, shift: i32, diffMin: i32): void {
  for (let d = 0; d < 256; d++) {
    const e = expOnNegativeValues(doublingHighMultSat(-d << shift, multiplier), 5);
    store<i32>(table + (d << 2), -d >= diffMin ? e : -1);
  }
}

// @ts-ignore: decorator
@inline
function scaleOf(sum: i32): i32 {
  return oneOverOnePlusX((sum != 0 ? sum << clz(sum) : 0) - i32.MIN_VALUE);
}

/** What is not negative, by 2^cut, rounded; 1 where the cut is 32 or more. */
// @ts-ignore: decorator
@inline
function cutOff(x: i32, cut: i32): i32 {
  return cut < 32 ? divideByPowerOfTwo(x, cut) : 1;
}

// @ts-ignore: decorator
@inline
function reference<I, O>(
  y: usize, x: usize, rows: i32, size: i32, multiplier: i32, shift: i32, diffMin: i32, bits: i32, zero: i32, top: i32,
): void {
  for (let r = 0; r < rows; r++, x += size, y += size * sizeof<O>()) {
    let best: i32 = load<I>(x);
    for (let i = 1; i < size; i++) best = max<i32>(best, load<I>(x + i));
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const d = i32(load<I>(x + i)) - best;
      if (d < diffMin) continue;
      sum += divideByPowerOfTwo(expOnNegativeValues(doublingHighMultSat(d << shift, multiplier), 5), ACCUMULATION_BITS);
    }
    const scale = scaleOf(sum);
    const cut = ACCUMULATION_BITS - clz(sum) + bits;
    for (let i = 0; i < size; i++) {
      const d = i32(load<I>(x + i)) - best;
      let q = zero;
      if (d >= diffMin) {
        const e = expOnNegativeValues(doublingHighMultSat(d << shift, multiplier), 5);
        q = clamp(cutOff(doublingHighMultSat(scale, e), cut) + zero, zero, top);
      }
      store<O>(y + i * sizeof<O>(), q);
    }
  }
}

// @ts-ignore: decorator
@inline
function tabled<I, O>(y: usize, x: usize, rows: i32, size: i32, table: usize, bits: i32, zero: i32, top: i32): void {
  for (let r = 0; r < rows; r++, x += size, y += size * sizeof<O>()) {
    let best: i32 = load<I>(x);
    for (let i = 1; i < size; i++) best = max<i32>(best, load<I>(x + i));
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const e = load<i32>(table + ((best - i32(load<I>(x + i))) << 2));
      if (e >= 0) sum += divideByPowerOfTwo(e, ACCUMULATION_BITS);
    }
    const scale = scaleOf(sum);
    const cut = ACCUMULATION_BITS - clz(sum) + bits;
    for (let i = 0; i < size; i++) {
      const e = load<i32>(table + ((best - i32(load<I>(x + i))) << 2));
      const q = e < 0 ? zero : clamp(cutOff(doublingHighMult(scale, e), cut) + zero, zero, top);
      store<O>(y + i * sizeof<O>(), q);
    }
  }
}

export function softmax_s8_ref(y: usize, x: usize, rows: i32, size: i32, multiplier: i32, shift: i32, diffMin: i32): void {
  reference<i8, i8>(y, x, rows, size, multiplier, shift, diffMin, 23, -128, 127);
}

export function softmax_u8_ref(y: usize, x: usize, rows: i32, size: i32, multiplier: i32, shift: i32, diffMin: i32): void {
  reference<u8, u8>(y, x, rows, size, multiplier, shift, diffMin, 23, 0, 255);
}

export function softmax_s8_s16_ref(y: usize, x: usize, rows: i32, size: i32, multiplier: i32, shift: i32, diffMin: i32): void {
  reference<i8, i16>(y, x, rows, size, multiplier, shift, diffMin, 15, -32768, 32767);
}

export function softmax_s8(y: usize, x: usize, rows: i32, size: i32, table: usize): void {
  tabled<i8, i8>(y, x, rows, size, table, 23, -128, 127);
}

export function softmax_u8(y: usize, x: usize, rows: i32, size: i32, table: usize): void {
  tabled<u8, u8>(y, x, rows, size, table, 23, 0, 255);
}

export function softmax_s8_s16(y: usize, x: usize, rows: i32, size: i32, table: usize): void {
  tabled<i8, i16>(y, x, rows, size, table, 15, -32768, 32767);
}
