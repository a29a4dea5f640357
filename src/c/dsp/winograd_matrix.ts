import { floorLog2 } from '../../elementary.ts';
import type { Geometry } from '../geometry.ts';
import { type Parts, twins } from '../parts.ts';
import { matrixParameters, type RescaleKind, rescaleListing, rescaleText, suffixOf } from './matrix.ts';
import { ASSEMBLY, smladFunction } from './words.ts';

/**
 * Winograd's F(2, 3) for three pairs of outputs and weights of pairs of channels. Of inputs d0..d3 and a filter g0..g2
 *
 *   a = (d2 - d1) (g0 - g1 + g2)      b = (d1 + d2) (g0 + g1 + g2)      c = (d0 - d2) 2 g0      d = (d1 - d3) -2 g2
 *
 *   2 (d0 g0 + d1 g1 + d2 g2) = b + a + c            2 (d1 g0 + d2 g1 + d3 g2) = b - a + d
 *
 * so that four products, all of integers, make two outputs. Each is summed over all rows and inputs of the filter before they are put together.
 * Sums may wrap on the way; twice the layer's own sum does not, and shifted by 7 it is the sum times 256 that rescaling takes.
 *
 *   y        out: where each pair begins; its second output lies `pitch` behind the first
 *   x        for each word of four inputs, for a, b, c, d: of pair 0, of pair 1, of pair 2 two words, lanes of inputs 0 and 2, of 1 and 3
 *   weights  for each pair of channels, for a, b, c, d, for each word: lanes 0 and 2 of both channels, then 1 and 3
 *   scales   for each pair of channels: twice both first sums, then multiplier, constant, shift of each
 */

/** Pairs of outputs of a block. */
export const PAIRS = 3;
/** Words from one of a, b, c, d to the next, and from four inputs to the next. */
export const APART = 2 * PAIRS;
export const STEP_WORDS = 4 * APART;

/** Weights of one channel for a, b, c, d, in the order of words of the inputs. */
export function filterOf(row: readonly number[], { kH, inC }: Geometry): number[][] {
  const parts: number[][] = [[], [], [], []];
  for (let ky = 0; ky < kH; ky++) {
    for (let i = 0; i < inC; i++) {
      const [g0, g1, g2] = [0, 1, 2].map((kx) => row[(ky * 3 + kx) * inC + i]);
      [g0 - g1 + g2, g0 + g1 + g2, 2 * g0, -2 * g2].forEach((g, t) => {
        parts[t].push(g);
      });
    }
  }
  return parts;
}

export function packFilters(filters: readonly (readonly (readonly number[])[])[], steps: number): Uint32Array {
  const packed = new Uint32Array(filters.length * steps * 8);
  let at = 0;
  for (let c = 0; c < filters.length; c += 2) {
    for (let t = 0; t < 4; t++) {
      for (let i = 0; i < steps; i++) {
        for (const odd of [0, 1]) {
          for (const part of [filters[c][t], filters[c + 1][t]]) {
            packed[at++] = (part[4 * i + odd] & 0xffff) | (part[4 * i + odd + 2] << 16);
          }
        }
      }
    }
  }
  return packed;
}

/** `void NAME(int8_t *const *y, const uint32_t *x, const uint32_t *weights, const int32_t *scales, int32_t pairs, int32_t steps, int32_t pitch)` */
export function winogradFunction(parts: Parts, kind: RescaleKind): string {
  const smlad = smladFunction(parts);
  return parts.function(`winograd_matrix${suffixOf({ ...kind, nibbles: false })}`, (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: matrixParameters('int8_t *const *y'),
      listing: listing(kind),
      plain: `
        for (int32_t pair = 0; pair < pairs; pair++) {
          for (int32_t c = 0; c < 2; c++) {
            const int32_t *scale = &scales[(8 * pair) + 2 + (3 * c)];
            for (int32_t p = 0; p < ${PAIRS}; p++) {
              uint32_t part[4] = {0u, (uint32_t)scales[(8 * pair) + c], 0u, 0u};
              for (int32_t t = 0; t < 4; t++) {
                for (int32_t i = 0; i < steps; i++) {
                  const uint32_t *h = &weights[(4 * ((((4 * pair) + t) * steps) + i)) + c];
                  const uint32_t *lanes = &x[(${STEP_WORDS} * i) + (${APART} * t) + (2 * p)];
                  part[t] = ${smlad}(lanes[0], h[0], part[t]);
                  part[t] = ${smlad}(lanes[1], h[2], part[t]);
                }
              }
              for (int32_t second = 0; second < 2; second++) {
                const uint32_t both = (second != 0) ? (part[1] - part[0] + part[3]) : (part[1] + part[0] + part[2]);
                const uint32_t bits = both << 7;
                ${rescaleText(kind)}
                y[p][(second * pitch) + (2 * pair) + c] = (int8_t)value;
              }
            }
          }
        }
      `,
    }),
  );
}

/** Steps of one turn of the loop; a shorter product begins in the middle of one. */
const UNROLLED = 8;
const STEP: readonly string[] = [
  'ldm.w r2!, {r10, r11, r12, lr}',
  ...[
    { at: '[r1, #8]', sums: ['r6', 'r7'] },
    { at: '[r1, #16]', sums: ['r8', 'r9'] },
    { at: `[r1], #${4 * STEP_WORDS}`, sums: ['r4', 'r5'] },
  ].flatMap(({ at, sums: [first, second] }) => [
    `ldrd r0, r3, ${at}`,
    `smlad ${first}, r0, r10, ${first}`,
    `smlad ${second}, r0, r11, ${second}`,
    `smlad ${first}, r3, r12, ${first}`,
    `smlad ${second}, r3, lr, ${second}`,
  ]),
];

const SUMS = ['r4', 'r5', 'r6', 'r7', 'r8', 'r9'];
const KEPT = ['r1', 'r3', 'r10', 'r11', 'r12', 'lr'];
const listOf = (registers: readonly string[]) => `{${registers.join(', ')}}`;

/** Registers: sums r4..r9 (pair by pair), weights r10..r12 lr, inputs r0 r3, pointers r1 (x) r2 (weights). */
function listing(kind: RescaleKind): string[] {
  // 0 scales, 4 turns left, 8 entry, 12 turns, 16 x, 20 where to go on, 24 six sums, 48 y of each pair, 60 weights;
  // then r4-r11 lr; then pairs, steps, pitch
  const frame = 64;
  const given = frame + 36;
  const sum = (t: number, next: string) => [
    'ldr r1, [sp, #16]',
    ...(t ? [`adds r1, #${4 * APART * t}`] : []),
    'ldrd r3, r0, [sp, #8]',
    'str r0, [sp, #4]',
    `adr.w r0, ${next}`,
    'orr r0, r0, #1',
    'str r0, [sp, #20]',
    'bx r3',
  ];
  const outputs = (store: (first: string, second: string, p: number) => string[]) => [
    'ldr r1, [sp]',
    'adds r1, #8',
    `ldm.w r1, ${listOf(['r0', 'r3', 'r10', 'r11', 'r12', 'lr'])}`,
    ...[0, 1, 2].flatMap((p) => {
      const [first, second] = SUMS.slice(2 * p);
      return [
        `lsl ${first}, ${first}, #7`,
        ...rescaleListing(first, kind, ['r0', 'r3', 'r10', 'r1']),
        `lsl ${second}, ${second}, #7`,
        ...rescaleListing(second, kind, ['r11', 'r12', 'lr', 'r1']),
        ...store(first, second, p),
      ];
    }),
  ];
  return [
    'push {r4-r11, lr}',
    `sub sp, #${frame}`,
    'str r3, [sp]',
    'str r1, [sp, #16]',
    'ldm r0, {r4, r5, r6}',
    'add r0, sp, #48',
    'stm r0, {r4, r5, r6}',
    `ldr r4, [sp, #${given + 4}]`,
    `add r5, r4, #${UNROLLED - 1}`,
    `lsr r5, r5, #${floorLog2(UNROLLED)}`,
    `rsb r4, r4, r5, lsl #${floorLog2(UNROLLED)}`,
    `mov r6, #${4 * STEP.length}`,
    'adr r7, 2f',
    'mla r4, r4, r6, r7',
    'orr r4, r4, #1',
    'strd r4, r5, [sp, #8]',
    '1:',
    ...SUMS.map((r) => `mov ${r}, #0`),
    ...sum(0, '3f'),
    '.balign 4',
    '2:',
    ...Array.from({ length: UNROLLED }, () => STEP).flat(),
    'ldr r0, [sp, #4]',
    'subs r0, r0, #1',
    'str r0, [sp, #4]',
    'bne 2b',
    'ldr r0, [sp, #20]',
    'bx r0',
    '.balign 4',
    '3:',
    'add r0, sp, #24',
    `stm.w r0, ${listOf(SUMS)}`,
    'ldr r0, [sp]',
    'ldm r0, {r4, r5}',
    'mov r6, r4',
    'mov r7, r5',
    'mov r8, r4',
    'mov r9, r5',
    ...sum(1, '4f'),
    '.balign 4',
    '4:',
    'add r0, sp, #24',
    `ldm.w r0, ${listOf(KEPT)}`,
    ...SUMS.map((s, i) => `add ${s}, ${s}, ${KEPT[i]}`),
    ...SUMS.map((s, i) => `sub ${KEPT[i]}, ${s}, ${KEPT[i]}, lsl #1`),
    `stm.w r0, ${listOf(KEPT)}`,
    ...sum(2, '5f'),
    '.balign 4',
    '5:',
    ...outputs((first, second, p) => [`ldr r1, [sp, #${48 + 4 * p}]`, `strb ${first}, [r1]`, `strb ${second}, [r1, #1]`]),
    'add r0, sp, #24',
    `ldm.w r0, ${listOf(SUMS)}`,
    ...sum(3, '6f'),
    '.balign 4',
    '6:',
    'str r2, [sp, #60]',
    `ldr r2, [sp, #${given + 8}]`,
    ...outputs((first, second, p) => [
      `ldr r1, [sp, #${48 + 4 * p}]`,
      `strb ${first}, [r1, r2]`,
      'adds r1, #1',
      `strb ${second}, [r1, r2]`,
      'adds r1, #1',
      `str r1, [sp, #${48 + 4 * p}]`,
    ]),
    'ldr r2, [sp, #60]',
    'ldr r0, [sp]',
    'adds r0, #32',
    'str r0, [sp]',
    `ldr r0, [sp, #${given}]`,
    'subs r0, r0, #1',
    `str r0, [sp, #${given}]`,
    'bne 1b',
    `add sp, #${frame}`,
    'pop {r4-r11, pc}',
  ];
}
