import type { Argument, Parts } from '../parts.ts';
import type { Channel } from '../rescale.ts';

/** Names of functions that every kernel in plain C may call. */

/** `int32_t NAME(int32_t sum, int32_t multiplier, int32_t shift)`: CMSIS-NN's `arm_nn_requantize`, double rounding. */
export const requantizeFunction = (parts: Parts): string =>
  parts.function(
    'requantize',
    (name) =>
      `
      /* sum * multiplier * 2^(shift - 31), rounded twice: to Q31 with ties up, then by the right shift with ties away from 0. */
      static int32_t ${name}(int32_t sum, int32_t multiplier, int32_t shift) {
        const int32_t left = (shift > 0) ? shift : 0;
        const int32_t right = left - shift;
        const int64_t product = (int64_t)(sum * (int32_t)(1L << left)) * multiplier;
        const int32_t high = (int32_t)((product + ((int64_t)1 << 30)) >> 31);
        const int32_t half = (right > 0) ? (int32_t)(1L << (right - 1)) : 0;
        return (high + half - (((high < 0) && (right > 0)) ? 1 : 0)) >> right;
      }
      `,
  );

/** `int32_t NAME(int64_t sum, int32_t multiplier, int32_t shift)`: `arm_nn_requantize_s64`, with a multiplier of 16 bits. */
export const requantizeWideFunction = (parts: Parts): string =>
  parts.function(
    'requantize_wide',
    (name) =>
      `
      /* sum * multiplier * 2^(shift - 15), rounded once with ties up. */
      static int32_t ${name}(int64_t sum, int32_t multiplier, int32_t shift) {
        const int32_t twice = (int32_t)((sum * multiplier) >> (14 - shift));
        return (twice + 1) >> 1;
      }
      `,
  );

/** `int32_t NAME(int32_t value, int32_t least, int32_t largest)` */
export const clampFunction = (parts: Parts): string =>
  parts.function(
    'clamp',
    (name) =>
      `
      static int32_t ${name}(int32_t value, int32_t least, int32_t largest) {
        const int32_t low = (value < least) ? least : value;
        return (low > largest) ? largest : low;
      }
      `,
  );

/** The Q15 multiplier that 64-bit sums are scaled by. Source: CMSIS-NN REDUCE_MULTIPLIER. */
export const reduceMultiplier = (m: number): number => (m < 0x7fff0000 ? (m + 0x8000) >> 16 : 0x7fff);

/** Bias, multiplier and shift of each channel, one after another. */
export const channelTable = (parts: Parts, tag: string, channels: readonly Channel[], biases: readonly number[]): Argument =>
  parts.table(
    `${tag}_channels`,
    'int32_t',
    channels.flatMap(({ multiplier, shift }, c) => [biases[c], multiplier, shift]),
  );
