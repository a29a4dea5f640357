import { type Parts, twins } from '../parts.ts';
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

export interface MatrixKind {
  readonly split: number;
  readonly shift: number;
  readonly sign: boolean;
  readonly corrected: boolean;
  /** Weights of 4 bits. */
  readonly nibbles: boolean;
}

/** Largest input and channel that a correction can name. */
export const canCorrect = (inputs: number, channels: number): boolean => inputs < 4096 && channels < 4095;

/** ARMv7-M executes it as well. */
export const ASSEMBLY = '(defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_7M__)) && !defined(THUMBNET_PLAIN)';

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
      listing: listing(kind),
      plain: `
        for (int32_t c = 0; c < channels; c++) {
          const int32_t *scale = &scales[${words} * c];
          int32_t sums[4] = {scale[0], scale[0], scale[0], scale[0]};
          for (int32_t k = 0; k < depth; k++) {
            for (int32_t p = 0; p < 4; p++) {
              const int32_t low = (int16_t)(x[(2 * k) + (p / 2)] & 0xffffu);
              const int32_t high = (int32_t)(int16_t)((x[(2 * k) + (p / 2)] - (uint32_t)low) >> 16);
              sums[p] += (((p % 2) == 0) ? low : high) * ${weight};
            }
          }
          ${kind.corrected ? correctionsText() : ''}
          for (int32_t p = 0; p < 4; p++) {
            const int32_t sum = (sums[p] < 0) ? 0 : sums[p];
            const int32_t t = (sum > scale[1]) ? 0 : (scale[1] - sum);
            ${rescaleText(kind)}
            y[(p * pitch) + c] = (int8_t)((scale[3] - product) >> ${kind.shift});
          }
        }
      `,
    }),
  );
}

/** From `t` and `scale` to `product`. */
export function rescaleText({ split, sign }: Pick<MatrixKind, 'split' | 'sign'>): string {
  const product = `int32_t product = (int32_t)(((uint64_t)(uint32_t)t * (uint32_t)scale[2]) >> ${split});`;
  return sign ? `${product}\n            product += (product > scale[4]) ? scale[5] : 0;` : product;
}

const correctionsText = () => `while ((*corrections >> 20) == (uint32_t)(channels - c)) {
            const int32_t weight = (int32_t)(int8_t)(*corrections & 0xffu);
            const uint32_t *pair = &x[2u * ((*corrections >> 8) & 0xfffu)];
            for (int32_t p = 0; p < 4; p++) {
              const int32_t low = (int16_t)(pair[p / 2] & 0xffffu);
              const int32_t high = (int32_t)(int16_t)((pair[p / 2] - (uint32_t)low) >> 16);
              sums[p] += (((p % 2) == 0) ? low : high) * weight;
            }
            corrections++;
          }`;

/**
 * Registers in the loop: r0 x, r1 weights, r2 four of them, r3 one, r4..r7 inputs and products; r8 r9 sums of whole words, r10 r11 of
 * their upper halves, r12 half a step, lr end of x. Of a word's sum the lower half is what the upper leaves of it.
 */
function listing({ split, shift, sign, corrected, nibbles }: MatrixKind): string[] {
  // 0 y, 4 x, 8 scales, 12 weights, 16 half steps of all groups, 20 product of sum 0, 24 tie; then r8-r11, r4-r7, lr; then arguments
  const frame = 28;
  const given = frame + 36;
  const at = { channels: given, depth: given + 4, pitch: given + 8, corrections: given + 12 };
  const next = ['sxtb r3, r2', 'muls r6, r3', 'muls r7, r3', 'adds r4, r4, r6', 'adds r5, r5, r7'];
  const fold = ['add r8, r4', 'asrs r4, r4, #16', 'add r10, r4', 'add r9, r5', 'asrs r5, r5, #16', 'add r11, r5'];
  /** Nibble i into r3. */
  const nibble = (i: number) => [...(i < 7 ? [`lsls r3, r2, #${28 - 4 * i}`] : []), `asrs r3, ${i < 7 ? 'r3' : 'r2'}, #28`];
  const nibbleGroup = [
    'ldm r1!, {r2}',
    'ldm r0!, {r4, r5, r6, r7}',
    ...nibble(0),
    'muls r4, r3',
    'muls r5, r3',
    'add r4, r12',
    'add r5, r12',
    ...[1, 2, 3, 4, 5, 6, 7].flatMap((i) => [
      ...(i > 1 ? ['ldm r0!, {r6, r7}'] : []),
      ...nibble(i),
      'muls r6, r3',
      'muls r7, r3',
      'adds r4, r4, r6',
      'adds r5, r5, r7',
    ]),
    ...fold,
  ];
  const byteGroup = [
    'ldm r1!, {r2}',
    'ldm r0!, {r4, r5, r6, r7}',
    'sxtb r3, r2',
    'muls r4, r3',
    'muls r5, r3',
    'add r4, r12',
    'add r5, r12',
    'asrs r2, r2, #8',
    ...next,
    'ldm r0!, {r6, r7}',
    'asrs r2, r2, #8',
    ...next,
    'ldm r0!, {r6, r7}',
    'asrs r2, r2, #8',
    'muls r6, r2',
    'muls r7, r2',
    'adds r4, r4, r6',
    'adds r5, r5, r7',
    ...fold,
  ];
  const group = nibbles ? nibbleGroup : byteGroup;
  return [
    'push {r4, r5, r6, r7, lr}',
    'mov r4, r8',
    'mov r5, r9',
    'mov r6, r10',
    'mov r7, r11',
    'push {r4, r5, r6, r7}',
    `sub sp, #${frame}`,
    'str r0, [sp]',
    'str r1, [sp, #4]',
    'str r3, [sp, #8]',
    `ldr r4, [sp, #${at.depth}]`,
    'lsls r5, r4, #3',
    'adds r5, r5, r1',
    'mov lr, r5',
    `lsls r4, r4, #${nibbles ? 12 : 13}`, // depth / 8 or depth / 4 groups of 2^15
    'str r4, [sp, #16]',
    'movs r4, #1',
    'lsls r4, r4, #15',
    'mov r12, r4',
    'movs r1, r2',
    '1:',
    'ldr r7, [sp, #8]',
    'ldm r7!, {r4}',
    'mov r10, r4',
    'mov r11, r4',
    'lsls r5, r4, #16',
    'adds r4, r4, r5',
    'ldr r5, [sp, #16]',
    'subs r4, r4, r5',
    'mov r8, r4',
    'mov r9, r4',
    'ldr r0, [sp, #4]',
    '2:',
    ...group,
    'cmp r0, lr',
    'bne 2b',
    'str r1, [sp, #12]',
    ...(corrected ? correctionListing(at) : []),
    'ldr r7, [sp, #8]',
    'adds r7, #4',
    'ldm r7!, {r2, r3, r5}',
    ...(sign ? ['ldm r7!, {r4, r6}', 'str r4, [sp, #20]', 'str r6, [sp, #24]'] : []),
    'str r7, [sp, #8]',
    `lsrs r4, r3, #${split}`,
    `lsls r3, r3, #${32 - split}`,
    `lsrs r3, r3, #${32 - split}`,
    'ldr r0, [sp]',
    `ldr r1, [sp, #${at.pitch}]`,
    ...lowHalf('r8', 'r10'),
    ...rescaleListing(split, shift, sign, '3'),
    'strb r6, [r0]',
    'mov r6, r10',
    ...rescaleListing(split, shift, sign, '3'),
    'strb r6, [r0, r1]',
    'adds r0, r0, r1',
    'adds r0, r0, r1',
    ...lowHalf('r9', 'r11'),
    ...rescaleListing(split, shift, sign, '3'),
    'strb r6, [r0]',
    'mov r6, r11',
    ...rescaleListing(split, shift, sign, '3'),
    'strb r6, [r0, r1]',
    'ldr r0, [sp]',
    'adds r0, #1',
    'str r0, [sp]',
    'ldr r1, [sp, #12]',
    `ldr r4, [sp, #${at.channels}]`,
    'subs r4, r4, #1',
    `str r4, [sp, #${at.channels}]`,
    'beq 4f',
    'b 1b',
    '4:',
    `add sp, #${frame}`,
    'pop {r4, r5, r6, r7}',
    'mov r8, r4',
    'mov r9, r5',
    'mov r10, r6',
    'mov r11, r7',
    'pop {r4, r5, r6, r7, pc}',
  ];
}

/** The lower half's sum into r6. */
const lowHalf = (word: string, high: string): string[] => [
  `mov r7, ${high}`,
  'lsls r7, r7, #16',
  `mov r6, ${word}`,
  'subs r6, r6, r7',
];

/** r6 from a sum (less the least that counts) to an output; r2 range, r3 and r4 multiplier below and above the split, r5 constant; r7 free. */
export function rescaleListing(split: number, shift: number, sign: boolean, label: string): string[] {
  return [
    'asrs r7, r6, #31',
    'bics r6, r7',
    'subs r6, r2, r6',
    'asrs r7, r6, #31',
    'bics r6, r7',
    'movs r7, r6',
    'muls r7, r3',
    `lsrs r7, r7, #${split}`,
    'muls r6, r4',
    'adds r6, r6, r7',
    ...(sign ? ['ldr r7, [sp, #20]', 'cmp r6, r7', `ble ${label}f`, 'ldr r7, [sp, #24]', 'adds r6, r6, r7', `${label}:`] : []),
    'subs r6, r5, r6',
    `asrs r6, r6, #${shift}`,
  ];
}

/** Corrections of this channel, each with both words of its input. */
function correctionListing(at: { readonly channels: number; readonly corrections: number }): string[] {
  return [
    `ldr r0, [sp, #${at.corrections}]`,
    `ldr r1, [sp, #${at.channels}]`,
    '5:',
    'ldr r2, [r0]',
    'lsrs r3, r2, #20',
    'cmp r3, r1',
    'bne 6f',
    'sxtb r3, r2',
    'lsls r2, r2, #12',
    'lsrs r2, r2, #20',
    'lsls r2, r2, #3',
    'ldr r4, [sp, #4]',
    'adds r4, r4, r2',
    'ldm r4!, {r6, r7}',
    'mov r4, r12',
    'muls r6, r3',
    'add r8, r6',
    'adds r6, r6, r4',
    'asrs r6, r6, #16',
    'add r10, r6',
    'muls r7, r3',
    'add r9, r7',
    'adds r7, r7, r4',
    'asrs r7, r7, #16',
    'add r11, r7',
    'adds r0, #4',
    'b 5b',
    '6:',
    `str r0, [sp, #${at.corrections}]`,
  ];
}
