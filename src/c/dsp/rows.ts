import { floorLog2 } from '../../elementary.ts';
import { type Parts, twins } from '../parts.ts';
import { type MatrixKind, rescaleListing, rescaleText } from './matrix.ts';
import type { DspForm } from './rescale.ts';
import { ASSEMBLY, smladFunction, sxtb16Function } from './words.ts';

/**
 * The product of one row of inputs with weights of groups of four units: 16 products in 14 instructions.
 *
 *   y        out
 *   x        for each word of four inputs u and v
 *   weights  for each group, for each word: h of the four units
 *   scales   for each group: four first sums, then multiplier, constant, shift of each
 */
export const GROUP = 4;

/** First units of the groups; the last group overlaps where the units are no multiple of four. */
const groupStarts = (units: number): number[] => {
  const starts = Array.from({ length: Math.floor(units / GROUP) }, (_, i) => i * GROUP);
  return units % GROUP ? [...starts, units - GROUP] : starts;
};

export function packGroups(words: readonly Uint32Array[], steps: number): Uint32Array {
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
  const base = `rows${kind.sign ? '_signed' : ''}${kind.clamp ? '_clamped' : ''}`;
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
          for (int32_t u = 0; u < 4; u++) {
            const int32_t *scale = &scales[(16 * group) + 4 + (3 * u)];
            uint32_t bits = (uint32_t)scales[(16 * group) + u];
            for (int32_t i = 0; i < steps; i++) {
              const uint32_t h = weights[(4 * ((group * steps) + i)) + u];
              bits = ${smlad}(x[2 * i], h, bits);
              bits = ${smlad}(x[(2 * i) + 1], ${sxtb16}(h), bits);
            }
            ${rescaleText(kind)}
            y[(4 * group) + u] = (int8_t)value;
          }
        }
      `,
    }),
  );
}

const UNROLLED = 4;
const STEP_BYTES = 56;

/** Registers: sums r4..r7, weights r8..r11, low bytes r12, inputs r0 r3, pointers r1 (x) r2 (weights), turns left lr. */
function listing(kind: MatrixKind): string[] {
  const frame = 20; // 0 scales, 4 y, 8 x, 12 entry, 16 turns; then r4-r11 lr; then groups, steps
  const given = frame + 36;
  return [
    'push {r4-r11, lr}',
    `sub sp, #${frame}`,
    'strd r3, r0, [sp]',
    `ldr r4, [sp, #${given + 4}]`,
    `add r5, r4, #${UNROLLED - 1}`,
    `lsr r5, r5, #${floorLog2(UNROLLED)}`,
    `rsb r4, r4, r5, lsl #${floorLog2(UNROLLED)}`,
    `mov r6, #${STEP_BYTES}`,
    'adr r7, 2f',
    'mla r4, r4, r6, r7',
    'orr r4, r4, #1',
    'str r1, [sp, #8]',
    'strd r4, r5, [sp, #12]',
    '1:',
    'ldr r0, [sp]',
    'ldrd r1, r3, [sp, #8]',
    'ldm r0!, {r4, r5, r6, r7}',
    'ldr lr, [sp, #16]',
    'bx r3',
    '.balign 4',
    '2:',
    ...Array.from({ length: UNROLLED }, step).flat(),
    'subs lr, lr, #1',
    'bne 2b',
    'ldrd r0, r1, [sp]',
    'adds r0, #16',
    ...['r4', 'r5', 'r6', 'r7'].flatMap((sum) => [
      'ldm r0!, {r10, r11, r12}',
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

function step(): string[] {
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
