/**
 * Fixed-point functions on int32 as the kernels compute them, for tables that are made at generation.
 *
 * Source: CMSIS-NN 99f736a (gemmlowp); the same as assembly/math/exp_fixed.ts, equal bit for bit.
 */
import { floorProduct } from './rescale.ts';

const MOST = 2 ** 31 - 1;

/** Rounding doubling high multiply, saturating, ties toward +infinity. */
export function doublingHighMult(a: number, b: number): number {
  if (a === b && a === -(2 ** 31)) return MOST;
  return b < 0 ? floorOf(a, b) : floorProduct(a, b, 31, 2 ** 30);
}

/** floor((a * b + 2^30) / 2^31) for a negative b. */
const floorOf = (a: number, b: number) => Number((BigInt(a) * BigInt(b) + (1n << 30n)) >> 31n);

/** Rounding right shift, ties away from zero. */
export const divideByPowerOfTwo = (x: number, exponent: number): number =>
  exponent === 0 ? x : Math.floor((x + 2 ** (exponent - 1) - (x < 0 ? 1 : 0)) / 2 ** exponent);

/** exp(a) on [-1/4, 0), Q0.31 in and out. */
function expQuarter(a: number): number {
  const expMinusEighth = 1895147668; // exp(-1/8) in Q0.31
  const third = 715827883; // 1/3 in Q0.31
  const x = a + 2 ** 28;
  const x2 = doublingHighMult(x, x);
  const x3 = doublingHighMult(x2, x);
  const x4Quarter = divideByPowerOfTwo(doublingHighMult(x2, x2), 2);
  const tail = divideByPowerOfTwo(doublingHighMult(x4Quarter + x3, third) + x2, 1);
  return expMinusEighth + doublingHighMult(expMinusEighth, x + tail);
}

/** exp(-1/4), exp(-1/2), exp(-1) .. exp(-16) in Q0.31. */
const POWERS = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242];

/** exp(x) for x <= 0 in Q5.26, in Q0.31. */
export function expOnNegativeValues(x: number): number {
  if (x === 0) return MOST;
  const quarter = 2 ** 24;
  const fraction = (x & (quarter - 1)) - quarter;
  const rest = fraction - x;
  return POWERS.reduce((y, power, i) => (rest & (quarter << i) ? doublingHighMult(y, power) : y), expQuarter(fraction * 32));
}
