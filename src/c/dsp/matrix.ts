import { floorLog2 } from '../../elementary.ts';
import { type Parts, twins } from '../parts.ts';
import type { DspForm } from './rescale.ts';
import { ASSEMBLY, laneSumFunction, packNibbleWords, packWords, smladFunction, sxtb16Function } from './words.ts';

/**
 * The product of three pixels with weights of pairs of channels: 6 sums in registers, 24 products in 18 instructions.
 *
 *   y        out: pixel p, channel c at y[p * pitch + c]
 *   x        for each word of four inputs u and v of pixel 0, of pixel 1, of pixel 2
 *   weights  for each pair of channels, for each word: h of the first, h of the second; or words of nibbles (words.ts), and x as these need it
 *   scales   for each pair: both first sums, then multiplier, constant, shift of each
 */

/** Weights of channels in pairs. */
export function packPairs(rows: readonly (readonly number[])[], nibbles = false): Uint32Array {
  const words = rows.map(nibbles ? packNibbleWords : packWords);
  const each = words[0].length;
  const packed = new Uint32Array(rows.length * each);
  for (let c = 0; c < rows.length; c++) {
    for (let i = 0; i < each; i++) packed[((c >> 1) * each + i) * 2 + (c & 1)] = words[c][i];
  }
  return packed;
}

export const pairScales = (first: readonly number[], forms: readonly DspForm[]): number[] =>
  forms.flatMap((f, c) => {
    const own = [f.multiplier, f.constant, f.shift];
    return c & 1 ? own : [first[c], first[c + 1], ...own];
  });

/** How sums become outputs. */
export interface RescaleKind {
  readonly sign: boolean;
  /** Where the output's range is not that of int8. */
  readonly clamp: readonly [number, number] | null;
}

export interface MatrixKind extends RescaleKind {
  /** Weights of 4 bits. */
  readonly nibbles: boolean;
}

/** Of a product of pairs of channels. @param y where outputs go */
export const matrixParameters = (y: string): string[] => [
  y,
  'const uint32_t *x',
  'const uint32_t *weights',
  'const int32_t *scales',
  'int32_t pairs',
  'int32_t steps',
  'int32_t pitch',
];

/** `void NAME(int8_t *y, const uint32_t *x, const uint32_t *weights, const int32_t *scales, int32_t pairs, int32_t steps, int32_t pitch)` */
export function matrixFunction(parts: Parts, kind: MatrixKind): string {
  const smlad = smladFunction(parts);
  const sxtb16 = sxtb16Function(parts);
  const base = `matrix${suffixOf(kind)}`;
  const { nibbles } = kind;
  const laneSum = nibbles ? laneSumFunction(parts) : '';
  const first = '(uint32_t)scales[(8 * pair) + c]';
  return parts.function(base, (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: matrixParameters('int8_t *y'),
      listing: listing(kind),
      plain: `
        for (int32_t pair = 0; pair < pairs; pair++) {
          for (int32_t c = 0; c < 2; c++) {
            const int32_t *scale = &scales[(8 * pair) + 2 + (3 * c)];
            for (int32_t p = 0; p < 3; p++) {
              uint32_t bits = ${nibbles ? `${first} + ${laneSum}(&x[2 * p], steps, 6)` : first};
              for (int32_t i = 0; i < steps; i++) {
                ${nibbles ? nibbleText(sxtb16, 'pair', 2) : 'const uint32_t h = weights[(2 * ((pair * steps) + i)) + c];'}
                bits = ${smlad}(x[(6 * i) + (2 * p)], ${nibbles ? 't' : 'h'}, bits);
                bits = ${smlad}(x[(6 * i) + (2 * p) + 1], ${nibbles ? 'l' : `${sxtb16}(h)`}, bits);
              }
              ${nibbles ? 'bits <<= 4;' : ''}
              ${rescaleText(kind)}
              y[(p * pitch) + (2 * pair) + c] = (int8_t)value;
            }
          }
        }
      `,
    }),
  );
}

export const suffixOf = ({ sign, clamp, nibbles }: MatrixKind): string =>
  `${nibbles ? '_nibbles' : ''}${sign ? '_signed' : ''}${clamp ? '_clamped' : ''}`;

/** In plain C: weights t and l of step `i`, of channel `c` of `group`, of which `size` stand together. */
export const nibbleText = (sxtb16: string, group: string, size: number): string => `
                const int32_t place = i + (steps % 2);
                const uint32_t word = weights[(${size} * ((${group} * ((steps + 1) / 2)) + (place / 2))) + c] >> (8u * ((uint32_t)place % 2u));
                const uint32_t t = ${sxtb16}(word);
                const uint32_t l = word & 0x000f000fu;`;

/** From `bits` and `scale` to `value`. */
export function rescaleText({ sign, clamp }: RescaleKind): string {
  const [least, largest] = clamp ?? [-128, 127];
  return [
    'const int32_t sum = (int32_t)bits;',
    'int32_t value = (int32_t)(((int64_t)sum * scale[0]) >> 32) + scale[1];',
    ...(sign ? ['value -= (sum < 0) ? 128 : 0;'] : []),
    'value >>= scale[2];',
    `value = (value < ${least}) ? ${least} : value;`,
    `value = (value > ${largest}) ? ${largest} : value;`,
  ].join('\n              ');
}

/** Steps of one turn of the loop; a shorter product begins in the middle of one. */
const UNROLLED = 8;
const stepBytes = ({ nibbles }: MatrixKind) => (nibbles ? 80 : 72);

/** Registers: sums r4..r9 (pixel by pixel), weights r10 r11, their low bytes r12 lr, inputs r0 r3, pointers r1 (x) r2 (weights). */
function listing(kind: MatrixKind): string[] {
  // 0 scales, 4 y, 8 turns left, 12 x, 16 entry, 20 turns, 24 lane sums of nibbles; then r4-r11 lr; then pairs, steps, pitch
  const { nibbles } = kind;
  const frame = nibbles ? 40 : 24;
  const given = frame + 36;
  return [
    'push {r4-r11, lr}',
    `sub sp, #${frame}`,
    'strd r3, r0, [sp]',
    'str r1, [sp, #12]',
    `ldr r4, [sp, #${given + 4}]`,
    ...(nibbles ? laneSumListing(['r5', 'r6', 'r7'], 'r4') : []),
    ...(nibbles ? ['strd r5, r6, [sp, #24]', 'str r7, [sp, #32]'] : []),
    `add r5, r4, #${UNROLLED - 1}`,
    `lsr r5, r5, #${floorLog2(UNROLLED)}`,
    `rsb r4, r4, r5, lsl #${floorLog2(UNROLLED)}`,
    `mov r6, #${stepBytes(kind)}`,
    'adr r7, 2f',
    'mla r4, r4, r6, r7',
    'orr r4, r4, #1',
    'strd r4, r5, [sp, #16]',
    '1:',
    'ldr r0, [sp]',
    'ldrd r3, r10, [sp, #16]',
    'ldr r1, [sp, #12]',
    'str r10, [sp, #8]',
    ...(nibbles
      ? [
          'ldm r0, {r8, r9}',
          'ldrd r10, r11, [sp, #24]',
          'ldr r12, [sp, #32]',
          ...['r10', 'r11', 'r12'].flatMap((lanes, p) => [`add r${4 + 2 * p}, r8, ${lanes}`, `add r${5 + 2 * p}, r9, ${lanes}`]),
        ]
      : ['ldm r0, {r4, r5}', 'mov r6, r4', 'mov r7, r5', 'mov r8, r4', 'mov r9, r5']),
    'bx r3',
    '.balign 4',
    '2:',
    ...Array.from({ length: UNROLLED }, (_, i) => step(nibbles ? i % 2 : null)).flat(),
    'ldr r0, [sp, #8]',
    'subs r0, r0, #1',
    'str r0, [sp, #8]',
    'bne 2b',
    'ldrd r0, r1, [sp]',
    `ldr r3, [sp, #${given + 8}]`,
    'adds r0, #8',
    'ldm r0!, {r10, r11, r12}',
    ...['r4', 'r6', 'r8'].flatMap((sum, p) => [
      ...(nibbles ? [`lsl ${sum}, ${sum}, #4`] : []),
      ...rescaleListing(sum, kind),
      `strb ${sum}, ${['[r1]', '[r1, r3]', '[r1, r3, lsl #1]'][p]}`,
    ]),
    'ldm r0!, {r10, r11, r12}',
    ...['r5', 'r7', 'r9'].flatMap((sum, p) => [
      ...(nibbles ? [`lsl ${sum}, ${sum}, #4`] : []),
      ...rescaleListing(sum, kind),
      `strb ${sum}, ${['[r1, #1]!', '[r1, r3]', '[r1, r3, lsl #1]'][p]}`,
    ]),
    'adds r1, #1',
    `ldr r4, [sp, #${given}]`,
    'strd r0, r1, [sp]',
    'subs r4, r4, #1',
    `str r4, [sp, #${given}]`,
    'bne 1b',
    `add sp, #${frame}`,
    'pop {r4-r11, pc}',
  ];
}

/** Four products for each of six sums. @param half of words of nibbles: which of the two steps that a word holds; null: of bytes */
function step(half: number | null): string[] {
  const pixel = (first: string, second: string) => [
    'ldrd r0, r3, [r1], #8',
    `smlad ${first}, r0, r10, ${first}`,
    `smlad ${second}, r0, r11, ${second}`,
    `smlad ${first}, r3, r12, ${first}`,
    `smlad ${second}, r3, lr, ${second}`,
  ];
  const turned = half ? ', ror #8' : '';
  const weights =
    half === null
      ? ['ldrd r10, r11, [r2], #8', 'sxtb16 r12, r10', 'sxtb16 lr, r11']
      : [
          `ldrd r10, r11, [r2]${half ? ', #8' : ''}`,
          `sxtb16 r10, r10${turned}`,
          `sxtb16 r11, r11${turned}`,
          'and r12, r10, #0x000f000f',
          'and lr, r11, #0x000f000f',
        ];
  return [...weights, ...pixel('r4', 'r5'), ...pixel('r6', 'r7'), ...pixel('r8', 'r9')];
}

/** Minus 8 times the sums of all lanes of rows of inputs that lie between each other from r1 on, which is kept; r8..r11 are free. */
export function laneSumListing(sums: readonly string[], steps: string): string[] {
  return [
    ...sums.map((sum) => `mov ${sum}, #0`),
    'mov r10, #0x00010001',
    `mov r11, ${steps}`,
    'mov r12, r1',
    '9:',
    ...sums.flatMap((sum) => ['ldrd r8, r9, [r12], #8', `smlad ${sum}, r8, r10, ${sum}`, `smlad ${sum}, r9, r10, ${sum}`]),
    'subs r11, r11, #1',
    'bne 9b',
    'mov r10, #0',
    ...sums.map((sum) => `sub ${sum}, r10, ${sum}, lsl #3`),
  ];
}

/** @param registers of multiplier, constant and shift, and a free one */
export function rescaleListing(
  sum: string,
  { sign, clamp }: RescaleKind,
  [multiplier, constant, shift, free]: readonly string[] = ['r10', 'r11', 'r12', 'lr'],
): string[] {
  return [
    ...(sign ? [`asr ${free}, ${sum}, #31`] : []),
    `smmla ${sum}, ${sum}, ${multiplier}, ${constant}`,
    ...(sign ? [`add ${sum}, ${sum}, ${free}, lsl #7`] : []),
    `asr ${sum}, ${sum}, ${shift}`,
    ...(clamp
      ? [
          `cmp ${sum}, #${clamp[0]}`,
          'it lt',
          `movlt ${sum}, #${clamp[0]}`,
          `cmp ${sum}, #${clamp[1]}`,
          'it gt',
          `movgt ${sum}, #${clamp[1]}`,
        ]
      : [`ssat ${sum}, #8, ${sum}`]),
  ];
}
