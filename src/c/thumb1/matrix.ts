import { type Parts, twins } from '../parts.ts';
import { ASSEMBLY, rescaleText } from './listings.ts';
import { type MatrixKind, matrixListing } from './matrix_listing.ts';
import { signProduct, type ThumbForm, type ThumbForms } from './rescale.ts';

/**
 * The product of four pixels with the weights of channels: two pixels in the halves of a word, so that one MULS makes two products.
 *
 * Products of four inputs are added before their halves are taken apart; the lower half must stay within 16 bits for every input. Where it
 * would not, the largest weight is left out (0 in its place) and added by itself afterwards: a correction.
 *
 *   y            out: pixel p, channel c at y[p * pitch + c]
 *   x            for each input two words: pixel 0 + 65536 * pixel 1, pixel 2 + 65536 * pixel 3
 *   weights      of each channel a row of `depth`, a multiple of 4; weights of 4 bits in words of 8, the first lowest, whose products always fit
 *   scales       for each channel: bias less the least sum that counts, range, multiplier, constant, and where the sign counts the product
 *                of sum 0 and the tie
 *   corrections  weight in bits 7..0, input in bits 19..8, channels left in bits 31..20; in the order of channels; all ones at the end
 */
export interface PackedRows {
  readonly weights: Int8Array;
  readonly corrections: readonly number[];
}

const GROUP = 4;
/** Weights of 4 bits in a word. */
const NIBBLES = 8;
export const depthOf = (inputs: number, nibbles = false): number => {
  const group = nibbles ? NIBBLES : GROUP;
  return Math.ceil(inputs / group) * group;
};

/** Rows of weights of 4 bits. */
export function packNibbleRows(rows: readonly (readonly number[])[]): Uint32Array {
  const words = depthOf(rows[0].length, true) / NIBBLES;
  const packed = new Uint32Array(rows.length * words);
  rows.forEach((row, c) => {
    row.forEach((w, k) => {
      packed[c * words + (k >> 3)] |= (w & 15) << (4 * (k & 7));
    });
  });
  return packed;
}

/** Whether sums of products with these weights stay in 16 bits for all inputs of -128..127. */
function fits(weights: readonly number[]): boolean {
  let [most, least] = [0, 0];
  for (const w of weights) {
    most += Math.max(w * 127, w * -128);
    least += Math.min(w * 127, w * -128);
  }
  return most <= 32767 && least >= -32768;
}

export function packRows(rows: readonly (readonly number[])[]): PackedRows {
  const depth = depthOf(rows[0].length);
  const weights = new Int8Array(rows.length * depth);
  const corrections: number[] = [];
  rows.forEach((row, c) => {
    weights.set(row, c * depth);
    for (let k = 0; k < row.length; k += GROUP) {
      const group = row.slice(k, k + GROUP);
      while (!fits(group)) {
        const at = group.reduce((best, w, i) => (Math.abs(w) > Math.abs(group[best]) ? i : best), 0);
        corrections.push((((rows.length - c) << 20) | ((k + at) << 8) | (group[at] & 0xff)) >>> 0);
        group[at] = 0;
        weights[c * depth + k + at] = 0;
      }
    }
  });
  return { weights, corrections: corrections.length ? [...corrections, 0xffffffff] : [] };
}

/** @param biases zero point of the input included */
export function matrixScales({ forms, split, sign }: ThumbForms, biases: readonly number[]): number[] {
  return (forms as readonly ThumbForm[]).flatMap((f, c) => [
    (biases[c] - f.least) | 0,
    f.range,
    f.multiplier | 0,
    f.constant,
    ...(sign ? [signProduct(f, split), f.tie] : []),
  ]);
}

/** Largest input and channel that a correction can name. */
export const canCorrect = (inputs: number, channels: number): boolean => inputs < 4096 && channels < 4095;

/**
 * `void NAME(int8_t *y, const uint32_t *x, const int8_t *weights, const int32_t *scales, int32_t channels, int32_t depth, int32_t pitch[,
 * const uint32_t *corrections])`
 */
export function matrixFunction(parts: Parts, kind: MatrixKind): string {
  const words = kind.sign ? 6 : 4;
  const corrections = kind.corrected ? ['const uint32_t *corrections'] : [];
  const at = '(c * depth) + k';
  const weight = kind.nibbles ? `((int32_t)(weights[(${at}) / 8] << (28u - (4u * ((uint32_t)k % 8u)))) >> 28)` : `weights[${at}]`;
  return parts.function(`quads${kind.nibbles ? '_nibbles' : ''}${kind.sign ? '_signed' : ''}`, (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: [
        'int8_t *y',
        'const uint32_t *x',
        `const ${kind.nibbles ? 'uint32_t' : 'int8_t'} *weights`,
        'const int32_t *scales',
        'int32_t channels',
        'int32_t depth',
        'int32_t pitch',
        ...corrections,
      ],
      listing: matrixListing(kind),
      plain: `
        for (int32_t c = 0; c < channels; c++) {
          const int32_t *scale = &scales[${words} * c];
          int32_t sums[4] = {scale[0], scale[0], scale[0], scale[0]};
          for (int32_t k = 0; k < depth; k++) {
            for (int32_t p = 0; p < 4; p++) {
              const int32_t low = (int16_t)(x[(2 * k) + (p / 2)] & 0xffffu);
              const int32_t high = (int32_t)(int16_t)((x[(2 * k) + (p / 2)] - (uint32_t)low) >> 16);
              sums[p] = (int32_t)((uint32_t)sums[p] + (uint32_t)((((p % 2) == 0) ? low : high) * ${weight}));
            }
          }
          ${kind.corrected ? correctionsText() : ''}
          for (int32_t p = 0; p < 4; p++) {
            const int32_t sum = (sums[p] < 0) ? 0 : sums[p];
            const int32_t t = (sum > scale[1]) ? 0 : (scale[1] - sum);
            ${rescaleText(kind)}
            y[(p * pitch) + c] = (int8_t)((int32_t)((uint32_t)scale[3] - (uint32_t)product) >> ${kind.shift});
          }
        }
      `,
    }),
  );
}

const correctionsText = () => `for (uint32_t at = 0; corrections[at] != 0xffffffffu; at++) {
            if ((corrections[at] >> 20) == (uint32_t)(channels - c)) {
              const int32_t weight = (int32_t)(int8_t)(corrections[at] & 0xffu);
              const uint32_t *pair = &x[2u * ((corrections[at] >> 8) & 0xfffu)];
              for (int32_t p = 0; p < 4; p++) {
                const int32_t low = (int16_t)(pair[p / 2] & 0xffffu);
                const int32_t high = (int32_t)(int16_t)((pair[p / 2] - (uint32_t)low) >> 16);
                sums[p] = (int32_t)((uint32_t)sums[p] + (uint32_t)((((p % 2) == 0) ? low : high) * weight));
              }
            }
          }`;
