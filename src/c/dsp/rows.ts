import { floorLog2 } from '../../elementary.ts';
import { type Parts, twins } from '../parts.ts';
import { laneSumListing, type MatrixKind, nibbleText, rescaleListing, rescaleText, suffixOf } from './matrix.ts';
import type { DspForm } from './rescale.ts';
import { ASSEMBLY, laneSumFunction, smladFunction, sxtb16Function } from './words.ts';

/**
 * The product of one row of inputs with weights of groups of four units: 16 products in 14 instructions.
 *
 *   y        out
 *   x        for each word of four inputs u and v
 *   weights  for each group, for each word: h of the four units; or words of nibbles (words.ts), and x as these need it
 *   scales   for each group: four first sums, then multiplier, constant, shift of each
 */
export const GROUP = 4;

/** First units of the groups; the last group overlaps where the units are no multiple of four. */
const groupStarts = (units: number): number[] => {
  const starts = Array.from({ length: Math.floor(units / GROUP) }, (_, i) => i * GROUP);
  return units % GROUP ? [...starts, units - GROUP] : starts;
};

export function packGroups(words: readonly Uint32Array[]): Uint32Array {
  const steps = words[0].length;
  const starts = groupStarts(words.length);
  const packed = new Uint32Array(starts.length * GROUP * steps);
  starts.forEach((start, g) => {
    for (let i = 0; i < steps; i++) {
      for (let u = 0; u < GROUP; u++) packed[(g * steps + i) * GROUP + u] = words[start + u][i];
    }
  });
  return packed;
}

export const groupScales = (sums: readonly number[], forms: readonly DspForm[]): number[] =>
  groupStarts(forms.length).flatMap((start) => {
    const own = forms.slice(start, start + GROUP);
    return [...sums.slice(start, start + GROUP), ...own.flatMap((f) => [f.multiplier, f.constant, f.shift])];
  });

/** `void NAME(int8_t *y, const uint32_t *x, const uint32_t *weights, const int32_t *scales, int32_t groups, int32_t steps)` */
export function rowsFunction(parts: Parts, kind: MatrixKind): string {
  const smlad = smladFunction(parts);
  const sxtb16 = sxtb16Function(parts);
  const base = `rows${suffixOf(kind)}`;
  const { nibbles } = kind;
  const laneSum = nibbles ? laneSumFunction(parts) : '';
  const first = '(uint32_t)scales[(16 * group) + c]';
  return parts.function(base, (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: [
        'int8_t *y',
        'const uint32_t *x',
        'const uint32_t *weights',
        'const int32_t *scales',
        'int32_t groups',
        'int32_t steps',
      ],
      listing: listing(kind),
      plain: `
        for (int32_t group = 0; group < groups; group++) {
          for (int32_t c = 0; c < 4; c++) {
            const int32_t *scale = &scales[(16 * group) + 4 + (3 * c)];
            uint32_t bits = ${nibbles ? `${first} + ${laneSum}(x, steps, 2)` : first};
            for (int32_t i = 0; i < steps; i++) {
              ${nibbles ? nibbleText(sxtb16, 'group', 4) : 'const uint32_t h = weights[(4 * ((group * steps) + i)) + c];'}
              bits = ${smlad}(x[2 * i], ${nibbles ? 't' : 'h'}, bits);
              bits = ${smlad}(x[(2 * i) + 1], ${nibbles ? 'l' : `${sxtb16}(h)`}, bits);
            }
            ${nibbles ? 'bits <<= 4;' : ''}
            ${rescaleText(kind)}
            y[(4 * group) + c] = (int8_t)value;
          }
        }
      `,
    }),
  );
}

const UNROLLED = 4;
const stepBytes = ({ nibbles }: MatrixKind) => (nibbles ? 72 : 56);

/** Registers: sums r4..r7, weights r8..r11, low bytes r12, inputs r0 r3, pointers r1 (x) r2 (weights), turns left lr. */
function listing(kind: MatrixKind): string[] {
  // 0 scales, 4 y, 8 x, 12 entry, 16 turns, 20 lane sum of nibbles; then r4-r11 lr; then groups, steps
  const { nibbles } = kind;
  const frame = nibbles ? 24 : 20;
  const given = frame + 36;
  return [
    'push {r4-r11, lr}',
    `sub sp, #${frame}`,
    'strd r3, r0, [sp]',
    `ldr r4, [sp, #${given + 4}]`,
    ...(nibbles ? [...laneSumListing(['r5'], 'r4'), 'str r5, [sp, #20]'] : []),
    `add r5, r4, #${UNROLLED - 1}`,
    `lsr r5, r5, #${floorLog2(UNROLLED)}`,
    `rsb r4, r4, r5, lsl #${floorLog2(UNROLLED)}`,
    `mov r6, #${stepBytes(kind)}`,
    'adr r7, 2f',
    'mla r4, r4, r6, r7',
    'orr r4, r4, #1',
    'str r1, [sp, #8]',
    'strd r4, r5, [sp, #12]',
    '1:',
    'ldr r0, [sp]',
    'ldrd r1, r3, [sp, #8]',
    'ldm r0!, {r4, r5, r6, r7}',
    ...(nibbles ? ['ldr r12, [sp, #20]', ...[4, 5, 6, 7].map((r) => `add r${r}, r${r}, r12`)] : []),
    'ldr lr, [sp, #16]',
    'bx r3',
    '.balign 4',
    '2:',
    ...Array.from({ length: UNROLLED }, (_, i) => step(nibbles ? i % 2 : null)).flat(),
    'subs lr, lr, #1',
    'bne 2b',
    'ldrd r0, r1, [sp]',
    'adds r0, #16',
    ...['r4', 'r5', 'r6', 'r7'].flatMap((sum) => [
      'ldm r0!, {r10, r11, r12}',
      ...(nibbles ? [`lsl ${sum}, ${sum}, #4`] : []),
      ...rescaleListing(sum, kind),
      `strb ${sum}, [r1], #1`,
    ]),
    `ldr r4, [sp, #${given}]`,
    'strd r0, r1, [sp]',
    'subs r4, r4, #1',
    `str r4, [sp, #${given}]`,
    'bne 1b',
    `add sp, #${frame}`,
    'pop {r4-r11, pc}',
  ];
}

/** @param half as in matrix.ts */
function step(half: number | null): string[] {
  if (half !== null) {
    return [
      `ldm.w r2${half ? '!' : ''}, {r8, r9, r10, r11}`,
      'ldrd r0, r3, [r1], #8',
      ...[0, 1, 2, 3].flatMap((u) => [
        `sxtb16 r${8 + u}, r${8 + u}${half ? ', ror #8' : ''}`,
        `and r12, r${8 + u}, #0x000f000f`,
        `smlad r${4 + u}, r0, r${8 + u}, r${4 + u}`,
        `smlad r${4 + u}, r3, r12, r${4 + u}`,
      ]),
    ];
  }
  return [
    'ldm.w r2!, {r8, r9, r10, r11}',
    'ldrd r0, r3, [r1], #8',
    ...[0, 1, 2, 3].flatMap((u) => [
      `sxtb16 r12, r${8 + u}`,
      `smlad r${4 + u}, r0, r${8 + u}, r${4 + u}`,
      `smlad r${4 + u}, r3, r12, r${4 + u}`,
    ]),
  ];
}
