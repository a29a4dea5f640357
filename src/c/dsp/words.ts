import { assemblyText, type Parts } from '../parts.ts';

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

const CORE = '__ARM_FEATURE_DSP';

/** `uint32_t NAME(uint32_t v)`: the word u beside v. */
const minusLowBytes = (parts: Parts): string =>
  parts.function(
    'minus_low_bytes',
    (name) =>
      `
      /* In both halves of v: minus the low byte. */
      static inline uint32_t ${name}(uint32_t v) {
      #if defined(${CORE})
        uint32_t low;
        __asm("uxtb16 %0, %1\\n\\tssub16 %0, %2, %0" : "=&r"(low) : "r"(v), "r"(0));
        return low;
      #else
        return (0x80008000u - (v & 0x00ff00ffu)) ^ 0x80008000u;
      #endif
      }
      `,
  );

/** `uint32_t *NAME(uint32_t *to, const int8_t *from, int32_t words)`: writes u and v of each word, `apart` words from pair to pair. */
export function expandFunction(parts: Parts, apart: number, nibbles = false): string {
  if (nibbles) return expandForNibbles(parts, apart);
  const minus = minusLowBytes(parts);
  return parts.function(
    `expand_${apart}`,
    (name) =>
      `
      /* Words of four int8 as pairs of words for products of bytes in pairs; a pair every ${apart} words. */
      static inline uint32_t *${name}(uint32_t *to, const int8_t *from, int32_t words) {
      #if ${ASSEMBLY}
        __asm volatile(
            ${assemblyText(expandListing(apart))}
            : "+r"(to), "+r"(from), "+r"(words)
            :
            : "r3", "r12", "cc", "memory");
      #else
        for (int32_t i = words; i > 0; i--) {
          uint32_t v;
          (void)memcpy(&v, from, 4);
          v ^= 0x00800080u;
          to[0] = ${minus}(v);
          to[1] = v;
          to += ${apart};
          from += 4;
        }
      #endif
        return to;
      }
      `,
  );
}

/** %0 to, %1 from, %2 words. */
function expandListing(apart: number): string[] {
  const one = [
    'ldr r12, [%1], #4',
    'eor r12, r12, #0x00800080',
    'and r3, r12, #0xff00ff00',
    'ssub16 r3, r3, r12',
    `strd r3, r12, [%0], #${4 * apart}`,
  ];
  return expandLoop(one);
}

/** `one` as often as words are left, four a turn. */
function expandLoop(one: readonly string[]): string[] {
  return [
    'subs %2, %2, #4',
    'blt 2f',
    '1:',
    ...[...one, ...one, ...one, ...one],
    'subs %2, %2, #4',
    'bge 1b',
    '2:',
    'adds %2, %2, #4',
    'beq 4f',
    '3:',
    ...one,
    'subs %2, %2, #1',
    'bne 3b',
    '4:',
  ];
}

/** The same for weights of 4 bits: writes a and b of each word. */
function expandForNibbles(parts: Parts, apart: number): string {
  const lanes = nibbleLanes(parts);
  const one = [
    'ldr r12, [%1], #4',
    'eor r3, r12, #0x80008000',
    'and r3, r3, #0xff00ff00',
    'sxtb16 r12, r12',
    'lsr r3, r3, #4',
    'ssub16 r3, r3, r12',
    `strd r12, r3, [%0], #${4 * apart}`,
  ];
  return parts.function(
    `expand_nibbles_${apart}`,
    (name) =>
      `
      /* Words of four int8 as pairs of words for products with weights of 4 bits; a pair every ${apart} words. */
      static inline uint32_t *${name}(uint32_t *to, const int8_t *from, int32_t words) {
      #if ${ASSEMBLY}
        __asm volatile(
            ${assemblyText(expandLoop(one))}
            : "+r"(to), "+r"(from), "+r"(words)
            :
            : "r3", "r12", "cc", "memory");
      #else
        for (int32_t i = words; i > 0; i--) {
          uint32_t v;
          (void)memcpy(&v, from, 4);
          ${lanes}(to, v);
          to += ${apart};
          from += 4;
        }
      #endif
        return to;
      }
      `,
  );
}

/** `void NAME(uint32_t *to, uint32_t v)`: a and b of one word. */
const nibbleLanes = (parts: Parts): string => {
  const sxtb16 = sxtb16Function(parts);
  return parts.function(
    'nibble_lanes',
    (name) =>
      `
      static inline void ${name}(uint32_t *to, uint32_t v) {
        const uint32_t odd = ((v ^ 0x80008000u) & 0xff00ff00u) >> 4;
        const uint32_t even = ${sxtb16}(v);
        to[0] = even;
        to[1] = ((odd - even) & 0xffffu) | (((odd >> 16) - (even >> 16)) << 16);
      }
      `,
  );
};

/** `uint32_t *NAME(uint32_t *to, uint32_t v, int32_t words)`: the same word `words` times. */
export function expandSameFunction(parts: Parts, apart: number, nibbles = false): string {
  if (nibbles) {
    const lanes = nibbleLanes(parts);
    return parts.function(
      `expand_nibbles_same_${apart}`,
      (name) =>
        `
        static uint32_t *${name}(uint32_t *to, uint32_t v, int32_t words) {
          for (int32_t i = words; i > 0; i--) {
            ${lanes}(to, v);
            to += ${apart};
          }
          return to;
        }
        `,
    );
  }
  const minus = minusLowBytes(parts);
  return parts.function(
    `expand_same_${apart}`,
    (name) =>
      `
      static uint32_t *${name}(uint32_t *to, uint32_t v, int32_t words) {
        const uint32_t u = ${minus}(v);
        for (int32_t i = words; i > 0; i--) {
          to[0] = u;
          to[1] = v;
          to += ${apart};
        }
        return to;
      }
      `,
  );
}

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
