import type { Parts } from '../parts.ts';

/** Names of functions that every kernel in plain C may call. */

/** `int32_t NAME(int32_t sum, int32_t multiplier, int32_t shift)`: CMSIS-NN's `arm_nn_requantize`, double rounding. */
export const requantizeFunction = (parts: Parts): string =>
  parts.function(
    'requantize',
    (name) => `
      /* sum * multiplier * 2^(shift - 31), rounded twice: to Q31 with ties up, then by the right shift with ties away from 0. */
      static int32_t ${name}(int32_t sum, int32_t multiplier, int32_t shift) {
        const int32_t left = (shift > 0) ? shift : 0;
        const int32_t right = left - shift;
        const int64_t product = (int64_t)(int32_t)((uint32_t)sum << left) * multiplier;
        const int32_t high = (int32_t)((product + ((int64_t)1 << 30)) >> 31);
        const int32_t half = (right > 0) ? (int32_t)(1L << (right - 1)) : 0;
        return (int32_t)(((int64_t)high + half - (((high < 0) && (right > 0)) ? 1 : 0)) >> right);
      }`,
  );

/** `int32_t NAME(int64_t sum, int32_t multiplier, int32_t shift)`: `arm_nn_requantize_s64`, with a multiplier of 16 bits. */
export const requantizeWideFunction = (parts: Parts): string =>
  parts.function(
    'requantize_wide',
    (name) => `
      /* sum * multiplier * 2^(shift - 15), rounded once with ties up. */
      static int32_t ${name}(int64_t sum, int32_t multiplier, int32_t shift) {
        const int32_t twice = (int32_t)((sum * (int64_t)multiplier) >> (14 - shift));
        return (int32_t)(((int64_t)twice + 1) >> 1);
      }`,
  );

/** `int32_t NAME(int32_t value, int32_t least, int32_t largest)` */
export const clampFunction = (parts: Parts): string =>
  parts.function(
    'clamp',
    (name) => `
      static int32_t ${name}(int32_t value, int32_t least, int32_t largest) {
        const int32_t low = (value < least) ? least : value;
        return (low > largest) ? largest : low;
      }`,
  );

/** The Q15 multiplier that 64-bit sums are scaled by. Source: CMSIS-NN REDUCE_MULTIPLIER. */
export const reduceMultiplier = (m: number): number => (m < 0x7fff0000 ? (m + 0x8000) >> 16 : 0x7fff);

/** A number as an operand of C. */
export const term = (n: number): string => (n < 0 ? `(${n})` : String(n));

/** `value + n` without adding a negative number. */
export const plus = (value: string, n: number): string => (n === 0 ? value : n < 0 ? `(${value} - ${-n})` : `(${value} + ${n})`);
