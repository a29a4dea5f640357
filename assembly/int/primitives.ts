// The fixed-point primitives over n values, so that golden tables can be held against them. y, and all arguments but the
// value of requantize_s64_each, are i32 [n].
import { expOnNegativeValues, oneOverOnePlusX } from "../math/exp_fixed";
import { divideByPowerOfTwo, doublingHighMult, doublingHighMultSat, reduceMultiplier, requantize, requantizeS64 } from "../math/requantize";
import { requantizeX4 } from "../math/requantize_simd";

export function requantize_each_ref(y: usize, x: usize, multiplier: usize, shift: usize, n: i32): void {
  for (let i = 0, at: usize = 0; i < n; i++, at += 4) {
    store<i32>(y + at, requantize(load<i32>(x + at), load<i32>(multiplier + at), load<i32>(shift + at)));
  }
}

/** By the four-lane form. */
export function requantize_each(y: usize, x: usize, multiplier: usize, shift: usize, n: i32): void {
  for (let i = 0, at: usize = 0; i < n; i++, at += 4) {
    const four = requantizeX4(v128.load32_splat(x + at), v128.load32_splat(multiplier + at), load<i32>(shift + at));
    store<i32>(y + at, i32x4.extract_lane(four, 3));
  }
}

/** x is i64 [n]. */
export function requantize_s64_each(y: usize, x: usize, multiplier: usize, shift: usize, n: i32): void {
  for (let i = 0, at: usize = 0; i < n; i++, at += 4) {
    const m = reduceMultiplier(load<i32>(multiplier + at));
    store<i32>(y + at, requantizeS64(load<i64>(x + (at << 1)), m, load<i32>(shift + at)));
  }
}

export function doubling_high_mult_each(y: usize, a: usize, b: usize, n: i32): void {
  for (let i = 0, at: usize = 0; i < n; i++, at += 4) store<i32>(y + at, doublingHighMultSat(load<i32>(a + at), load<i32>(b + at)));
}

export function doubling_high_mult_no_sat_each(y: usize, a: usize, b: usize, n: i32): void {
  for (let i = 0, at: usize = 0; i < n; i++, at += 4) store<i32>(y + at, doublingHighMult(load<i32>(a + at), load<i32>(b + at)));
}

export function divide_by_power_of_two_each(y: usize, a: usize, b: usize, n: i32): void {
  for (let i = 0, at: usize = 0; i < n; i++, at += 4) store<i32>(y + at, divideByPowerOfTwo(load<i32>(a + at), load<i32>(b + at)));
}

export function exp_on_negative_values_each(y: usize, a: usize, n: i32): void {
  for (let i = 0, at: usize = 0; i < n; i++, at += 4) store<i32>(y + at, expOnNegativeValues(load<i32>(a + at), 5));
}

export function one_over_one_plus_x_each(y: usize, a: usize, n: i32): void {
  for (let i = 0, at: usize = 0; i < n; i++, at += 4) store<i32>(y + at, oneOverOnePlusX(load<i32>(a + at)));
}
