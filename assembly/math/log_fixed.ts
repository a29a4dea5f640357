// Logarithm and reciprocal root in gemmlowp fixed point.
//
// Source: TFLite kernels/internal/common.h, log_x_for_x_greater_than_or_equal_to_1_impl and GetInvSqrtQuantizedMultiplierExp;
// equal bit for bit.
import { multiplyByPowerOfTwo, oneOverOnePlusX } from "./exp_fixed";
import { divideByPowerOfTwo, doublingHighMultSat } from "./requantize";

const ROOT_HALF: i32 = 1518500250; // sqrt(1/2) in Q0.31
const FOURTH_ROOT_HALF: i32 = 1805811301; // its root

/** log(x) in Q5.26 of x >= 1 in Q12.19: a power of two, and a quotient of polynomials of what remains around sqrt(sqrt(1/2)). */
export function logFixed(x: i32): i32 {
  const quarter: i32 = 1 << 23; // in Q6.25
  const zeros = clz(x);
  const a = multiplyByPowerOfTwo(doublingHighMultSat(multiplyByPowerOfTwo(x, zeros - 1), ROOT_HALF), 1);
  const aPower = multiplyByPowerOfTwo(12 - zeros, 25) + quarter;
  const headroom = clz(doublingHighMultSat(x, ROOT_HALF)) - 1;
  const b = multiplyByPowerOfTwo(x, headroom);
  const bPower = multiplyByPowerOfTwo(12 - headroom, 25) - quarter;
  const r = min(a, b), power = max(aPower, bPower);
  const sum = i64(r) + i64(FOURTH_ROOT_HALF);
  const p = i32((sum + (sum >= 0 ? 1 : -1)) / 2);
  const q = (r - FOURTH_ROOT_HALF) << 1;
  const square = doublingHighMultSat(q, q);
  const above = doublingHighMultSat(q, r) + doublingHighMultSat(doublingHighMultSat(q, square), 117049297);
  const below = doublingHighMultSat(p, 1057819769 + q + doublingHighMultSat(127690142, square)) + doublingHighMultSat(638450708, q);
  const rest = doublingHighMultSat(divideByPowerOfTwo(above, 6), oneOverOnePlusX(below));
  return multiplyByPowerOfTwo(doublingHighMultSat(power, 1488522236) + rest, 1);
}

/** 1 / sqrt(x) of a whole number, as a Q31 multiplier in the low and a left shift in the high half; 0 counts as 1. */
export function inverseRoot(x: i32): i64 {
  if (x <= 1) return i64(i32.MAX_VALUE);
  let right = 11;
  for (; x >= 1 << 29; right++) x /= 4;
  const pairs = ((clz(x) - 1) >> 1) - 1;
  right -= pairs;
  x <<= 2 * pairs;
  const half = divideByPowerOfTwo(x >> 1, 1), halfThree: i32 = (1 << 28) + (1 << 27);
  let y: i32 = 1 << 28;
  for (let i = 0; i < 5; i++) {
    const cube = multiplyByPowerOfTwo(doublingHighMultSat(doublingHighMultSat(y, y), y), 6);
    y = multiplyByPowerOfTwo(doublingHighMultSat(halfThree, y) - doublingHighMultSat(half, cube), 3);
  }
  y = doublingHighMultSat(y, ROOT_HALF);
  if (right < 0) {
    y <<= -right;
    right = 0;
  }
  return (i64(-right) << 32) | i64(u32(y));
}
