// exp, 1/(1+x), sigmoid and tanh in gemmlowp fixed point.
//
// Source: CMSIS-NN 99f736a, arm_nn_exp_on_negative_values and arm_nn_one_over_one_plus_x_for_x_in_0_1 (gemmlowp's
// exp_on_negative_values, one_over_one_plus_x_for_x_in_0_1, logistic, tanh); equal bit for bit.
import { divideByPowerOfTwo, doublingHighMultSat } from "./requantize";

/** exp(a) on [-1/4, 0): Taylor series around -1/8 to the fourth order, Q0.31 in and out. */
// @ts-ignore: decorator
@inline
function expQuarter(a: i32): i32 {
  const expMinusEighth: i32 = 1895147668; // exp(-1/8) in Q0.31
  const third: i32 = 715827883; // 1/3 in Q0.31
  const x = a + (1 << 28);
  const x2 = doublingHighMultSat(x, x);
  const x3 = doublingHighMultSat(x2, x);
  const x4Quarter = divideByPowerOfTwo(doublingHighMultSat(x2, x2), 2);
  const tail = divideByPowerOfTwo(doublingHighMultSat(x4Quarter + x3, third) + x2, 1);
  return expMinusEighth + doublingHighMultSat(expMinusEighth, x + tail);
}

/**
 * exp(x) for x <= 0 with `integerBits` (5 or 4) before the point, the result in Q0.31. Each binary digit of the part above
 * 1/4 multiplies by its own power of e.
 */
export function expOnNegativeValues(x: i32, integerBits: i32): i32 {
  const quarter = 1 << (29 - integerBits);
  const fraction = (x & (quarter - 1)) - quarter;
  const rest = fraction - x;
  let y = expQuarter(fraction << integerBits);
  if (rest & quarter) y = doublingHighMultSat(y, 1672461947); // exp(-1/4)
  if (rest & (quarter << 1)) y = doublingHighMultSat(y, 1302514674); // exp(-1/2)
  if (rest & (quarter << 2)) y = doublingHighMultSat(y, 790015084); // exp(-1)
  if (rest & (quarter << 3)) y = doublingHighMultSat(y, 290630308); // exp(-2)
  if (rest & (quarter << 4)) y = doublingHighMultSat(y, 39332535); // exp(-4)
  if (rest & (quarter << 5)) y = doublingHighMultSat(y, 720401); // exp(-8)
  if (integerBits > 4 && rest & (quarter << 6)) y = doublingHighMultSat(y, 242); // exp(-16)
  return x == 0 ? i32.MAX_VALUE : y;
}

/** x * 2^exponent, saturating. */
// @ts-ignore: decorator
@inline
export function multiplyByPowerOfTwo(x: i32, exponent: i32): i32 {
  const threshold = (1 << (31 - exponent)) - 1;
  return x > threshold ? i32.MAX_VALUE : x < -threshold ? i32.MIN_VALUE : x << exponent;
}

/** 1 / d in Q2.29 for d = (1 + x) / 2, x in [0, 1) as Q0.31: three Newton steps from 48/17 - 32/17 * d. */
// @ts-ignore: decorator
@inline
function reciprocalOfHalf(x: i32): i32 {
  const sum = i64(x) + i64(i32.MAX_VALUE);
  const half = i32((sum + (sum >= 0 ? 1 : -1)) / 2);
  let y = 1515870810 + doublingHighMultSat(half, -1010580540);
  for (let i = 0; i < 3; i++) {
    y += multiplyByPowerOfTwo(doublingHighMultSat(y, (1 << 29) - doublingHighMultSat(half, y)), 2);
  }
  return y;
}

/** 1 / (1 + x) for x in [0, 1), Q0.31 in and out. */
export function oneOverOnePlusX(x: i32): i32 {
  return multiplyByPowerOfTwo(reciprocalOfHalf(x), 1);
}

/** Sigmoid of x in Q4.27, in Q0.31. */
export function logisticFixed(x: i32): i32 {
  if (x == 0) return 1 << 30;
  const y = oneOverOnePlusX(expOnNegativeValues(x > 0 ? -x : x, 4));
  return x > 0 ? y : i32.MAX_VALUE - y;
}

/** tanh of x in Q4.27, in Q0.31: (1 - e^-2|x|) / (1 + e^-2|x|) with x's sign. */
export function tanhFixed(x: i32): i32 {
  if (x == 0) return 0;
  // 2 * x in Q5.26 has the digits of x in Q4.27.
  const y = multiplyByPowerOfTwo(reciprocalOfHalf(expOnNegativeValues(x > 0 ? -x : x, 5)) - (1 << 29), 2);
  return x > 0 ? y : -y;
}
