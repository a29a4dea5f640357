import type { Parts } from '../parts.ts';

/**
 * Products of bytes in pairs. A word of four int8 x0..x3 (x0 lowest) is kept as two words of 16-bit lanes
 *
 *   v = x ^ 0x00800080   lanes 256 * x1 + (x0 + 128), 256 * x3 + (x2 + 128)
 *   u                    lanes -(x0 + 128), -(x2 + 128)
 *
 * and four weights as one word h of lanes 256 * -w0 + w1, 256 * -w2 + w3; s = sxtb16(h) has the lanes w1, w3. Then
 *
 *   smlad(u, h) + smlad(v, s) = 256 * (x0 w0 + x1 w1 + x2 w2 + x3 w3) + 256 * 128 * (w0 + w2)
 *
 * so that one SXTB16 unpacks four weights, and the constant is part of the bias. No weight may be -128.
 */

/** Weights of one channel as words h; the length is rounded up to whole words with weights 0. */
export function packWords(weights: ArrayLike<number>): Uint32Array {
  const words = new Uint32Array(Math.ceil(weights.length / 4));
  const at = (i: number) => (i < weights.length ? weights[i] : 0);
  for (let i = 0; i < words.length; i++) {
    const low = (-256 * at(4 * i) + at(4 * i + 1)) & 0xffff;
    const high = (-256 * at(4 * i + 2) + at(4 * i + 3)) & 0xffff;
    words[i] = low + high * 65536;
  }
  return words;
}

/** Where sums begin, as 32 bits: 256 * (bias + xOffset * sum of weights) less the constant of the products. */
export function firstSum(weights: ArrayLike<number>, bias: number, xOffset: number): number {
  let sum = bias;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * (xOffset - (i % 2 ? 0 : 128));
  return (sum * 256) | 0;
}

/**
 * Products with weights of 4 bits. A word of four int8 is kept as two words of 16-bit lanes
 *
 *   a   lanes x0, x2
 *   b   lanes 16 * (x1 + 128) - x0, 16 * (x3 + 128) - x2
 *
 * and four weights as two bytes t = 16 * w0 + (w1 + 8); the low half of a byte is l = w1 + 8. Then
 *
 *   smlad(a, t) + smlad(b, l) = 16 * (x0 w0 + x1 w1 + x2 w2 + x3 w3) + 16 * 128 * (w1 + w3) + 8 * (sum of the lanes of a and b) + a constant
 *
 * so that SXTB16 and AND unpack four weights. The lanes are summed once for all channels; the rest is part of the bias.
 *
 * A word holds the weights of two steps: bytes 0 and 2 of the first, 1 and 3 of the second. An odd number of steps begins in the middle.
 */
export function packNibbleWords(weights: ArrayLike<number>): Uint32Array {
  const steps = Math.ceil(weights.length / 4);
  const words = new Uint32Array(nibbleWords(steps)).fill(0x08080808);
  const at = (i: number) => (i < weights.length ? weights[i] : 0);
  for (let i = 0; i < steps; i++) {
    const place = i + (steps % 2);
    const byte = (k: number) => (16 * at(4 * i + k) + at(4 * i + k + 1) + 8) & 0xff;
    const pair = (byte(0) | (byte(2) << 16)) << (8 * (place % 2));
    const kept = words[place >> 1] & (place % 2 ? 0x00ff00ff : 0xff00ff00);
    words[place >> 1] = (kept | pair) >>> 0;
  }
  return words;
}

/** Words of one channel. */
export const nibbleWords = (steps: number): number => Math.ceil(steps / 2);

/** Where sums of products with nibbles begin, times 16. */
export function firstNibbleSum(weights: ArrayLike<number>, bias: number, xOffset: number): number {
  let sum = bias;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * (xOffset - (i % 2 ? 128 : 0));
  return (sum * 16) | 0;
}

/** `uint32_t NAME(const uint32_t *x, int32_t steps, int32_t apart)`: minus 8 times the sum of all lanes of a row of inputs, in plain C. */
export const laneSumFunction = (parts: Parts): string => {
  const smlad = smladFunction(parts);
  return parts.function(
    'lane_sum',
    (name) =>
      `
      static inline uint32_t ${name}(const uint32_t *x, int32_t steps, int32_t apart) {
        uint32_t sum = 0;
        for (int32_t i = 0; i < steps; i++) {
          sum = ${smlad}(x[i * apart], 0x00010001u, sum);
          sum = ${smlad}(x[(i * apart) + 1], 0x00010001u, sum);
        }
        return 0u - (8u * sum);
      }
      `,
  );
};

/** Accumulator ranges are checked elsewhere; this form also needs weights above -128. */
export const canPack = (weights: readonly number[]): boolean => weights.every((w) => w > -128);

export const CORE = '__ARM_FEATURE_DSP';

/** `uint32_t NAME(uint32_t a, uint32_t b, uint32_t sum)`: SMLAD in plain C, wrapping. */
export const smladFunction = (parts: Parts): string =>
  parts.function(
    'smlad',
    (name) =>
      `
      /* sum + low half of a * low half of b + high half of a * high half of b, modulo 2^32. */
      static inline uint32_t ${name}(uint32_t a, uint32_t b, uint32_t sum) {
        const int32_t low = (int32_t)(int16_t)(a & 0xffffu) * (int16_t)(b & 0xffffu);
        const int32_t high = (int32_t)(int16_t)(a >> 16) * (int16_t)(b >> 16);
        return sum + (uint32_t)low + (uint32_t)high;
      }
      `,
  );

/** `uint32_t NAME(uint32_t h)`: SXTB16 in plain C. */
export const sxtb16Function = (parts: Parts): string =>
  parts.function(
    'sxtb16',
    (name) =>
      `
      /* The low bytes of both halves, sign-extended to the halves. */
      static inline uint32_t ${name}(uint32_t h) {
        return (((h & 0x00ff00ffu) ^ 0x00800080u) + 0x7f807f80u) ^ 0x80008000u;
      }
      `,
  );

/** The condition of the preprocessor under which assembly is compiled. */
export const ASSEMBLY = `defined(${CORE}) && !defined(THUMBNET_PLAIN)`;
