import type { FoldedForm } from '../fit.ts';
import type { Geometry } from '../geometry.ts';
import { type Parts, twins } from '../parts.ts';
import { rescaleListing, rescaleText } from './matrix.ts';
import type { DspForm } from './rescale.ts';
import { ASSEMBLY, smladFunction } from './words.ts';

/**
 * Depthwise convolution with any window that never leaves the image, four channels at a time: words of four neighbouring channels are
 * read for two places of the window and turned into pairs.
 *
 *   channels  for each group of four: four first values, the weights (for each two places a word of both for each channel), and of each
 *             channel its multiplier, or where `shift` is null multiplier, constant and shift
 */
export interface Windows {
  readonly g: Geometry;
  /** Shift of all channels, whose bias and rounding are in the first value; null: sums are 256 times the real ones. */
  readonly shift: number | null;
  /** Where `shift` is null: ties away from zero count. */
  readonly sign: boolean;
  readonly clamp: readonly [number, number] | null;
}

/** Bytes from the window's first pixel to each of its places. */
const offsetsOf = (g: Geometry): number[] =>
  Array.from({ length: g.kH * g.kW }, (_, k) => (Math.floor(k / g.kW) * g.dH * g.inW + (k % g.kW) * g.dW) * g.inC);

const REACH = 4095;
/** Longer windows would make long code. */
const LARGEST_WINDOW = 64;

export function hasWindows(g: Geometry): boolean {
  const inside = g.top === 0 && g.left === 0;
  const ends = (g.outH - 1) * g.sH + (g.kH - 1) * g.dH < g.inH && (g.outW - 1) * g.sW + (g.kW - 1) * g.dW < g.inW;
  const near = Math.max(...offsetsOf(g)) <= REACH && g.kH * g.kW <= LARGEST_WINDOW;
  return inside && ends && near && g.inC % 4 === 0 && g.outC === g.inC;
}

/** @param last what follows the weights of a channel */
export function windowsTable(
  g: Geometry,
  rows: readonly (readonly number[])[],
  first: readonly number[],
  last: readonly (readonly number[])[],
): number[] {
  const places = g.kH * g.kW;
  const table: number[] = [];
  for (let c = 0; c < g.outC; c += 4) {
    const four = [c, c + 1, c + 2, c + 3];
    table.push(...four.map((k) => first[k]));
    for (let p = 0; p < places; p += 2) {
      table.push(...four.map((k) => (rows[k][p] & 0xffff) | ((p + 1 < places ? rows[k][p + 1] : 0) << 16)));
    }
    table.push(...four.flatMap((k) => last[k]));
  }
  return table;
}

export const foldedLast = (forms: readonly FoldedForm[]): number[][] => forms.map((f) => [f.multiplier]);
export const dspLast = (forms: readonly DspForm[]): number[][] => forms.map((f) => [f.multiplier, f.constant, f.shift]);

export function windowsFunction(parts: Parts, windows: Windows): string {
  const { g } = windows;
  const pixel = pixelFunction(parts, windows);
  return parts.function(
    'depthwise',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const int32_t *channels) {
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t oy = 0; oy < ${g.outH}; oy++) {
            for (int32_t ox = 0; ox < ${g.outW}; ox++) {
              ${pixel}(y, &x[((oy * ${g.sH * g.inW}) + (ox * ${g.sW})) * ${g.inC}], channels);
              y += ${g.outC};
            }
          }
          x += ${g.inH * g.inW * g.inC};
        }
      }
      `,
  );
}

function pixelFunction(parts: Parts, windows: Windows): string {
  const { g, shift } = windows;
  const smlad = smladFunction(parts);
  const offsets = offsetsOf(g);
  const pairs = Math.ceil(offsets.length / 2);
  const words = 4 + 4 * pairs + (shift === null ? 12 : 4);
  const row = g.inW * g.dH * g.inC;
  return parts.function('window', (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: ['int8_t *y', 'const int8_t *x', 'const int32_t *channels'],
      listing: listing(windows),
      plain: `
        for (int32_t c = 0; c < ${g.outC}; c++) {
          const int32_t *group = &channels[(c / 4) * ${words}];
          uint32_t bits = (uint32_t)group[c % 4];
          for (int32_t k = 0; k < ${offsets.length}; k++) {
            const int32_t value = x[((k / ${g.kW}) * ${row}) + ((k % ${g.kW}) * ${g.dW * g.inC}) + c];
            const uint32_t weight = (uint32_t)group[4 + (4 * (k / 2)) + (c % 4)] >> (16 * (k % 2));
            bits = ${smlad}((uint32_t)value & 0xffffu, weight & 0xffffu, bits);
          }
          ${finishText(windows, words)}
          y[c] = (int8_t)value;
        }
      `,
    }),
  );
}

/** From `bits` to `value`. */
function finishText({ shift, sign, clamp }: Windows, words: number): string {
  if (shift === null) {
    const scale = `const int32_t *scale = &group[${words - 12} + (3 * (c % 4))];`;
    return `${scale}\n${rescaleText({ sign, clamp })}`;
  }
  const [least, largest] = clamp ?? [-128, 127];
  return `int32_t value = (int32_t)(((int64_t)(int32_t)bits * group[${words - 4} + (c % 4)]) >> ${32 + shift});
value = (value < ${least}) ? ${least} : value;
value = (value > ${largest}) ? ${largest} : value;`;
}

const SUMS = ['r3', 'r4', 'r5', 'r6'];

/** Registers: r0 y, r1 x, r2 channels; sums r3..r6, weights r7..r10, inputs r11 r12 lr. */
function listing({ g, shift, sign, clamp }: Windows): string[] {
  const offsets = offsetsOf(g);
  const pairs = Array.from({ length: Math.floor(offsets.length / 2) }, (_, i) => [
    `ldr.w r11, [r1, #${offsets[2 * i]}]`,
    `ldr.w r12, [r1, #${offsets[2 * i + 1]}]`,
    'ldm.w r2!, {r7, r8, r9, r10}',
    'pkhbt lr, r11, r12, lsl #16',
    'pkhtb r12, r12, r11, asr #16',
    ...['lr', 'lr, ror #8', 'r12', 'r12, ror #8'].flatMap((half, c) => [
      `sxtb16 r11, ${half}`,
      `smlad ${SUMS[c]}, r11, r${7 + c}, ${SUMS[c]}`,
    ]),
  ]).flat();
  const single = [
    `ldr.w r11, [r1, #${offsets[offsets.length - 1]}]`,
    'ldm.w r2!, {r7, r8, r9, r10}',
    ...SUMS.flatMap((sum, c) => [`sxtb r12, r11${c ? `, ror #${8 * c}` : ''}`, `smlabb ${sum}, r12, r${7 + c}, ${sum}`]),
  ];
  const folded = SUMS.flatMap((sum, c) => [
    `smmul ${sum}, ${sum}, r${7 + c}`,
    ...(clamp
      ? [
          `asr ${sum}, ${sum}, #${shift}`,
          `cmp ${sum}, #${clamp[0]}`,
          'it lt',
          `movlt ${sum}, #${clamp[0]}`,
          `cmp ${sum}, #${clamp[1]}`,
          'it gt',
          `movgt ${sum}, #${clamp[1]}`,
        ]
      : [`ssat ${sum}, #8, ${sum}, asr #${shift}`]),
    `strb ${sum}, [r0], #1`,
  ]);
  const exact = SUMS.flatMap((sum) => [
    'ldm.w r2!, {r10, r11, r12}',
    ...rescaleListing(sum, { sign, clamp }),
    `strb ${sum}, [r0], #1`,
  ]);
  return [
    'push {r4-r11, lr}',
    `movw r12, #${g.outC}`,
    'add r12, r12, r0',
    'push {r12}',
    '1:',
    'ldm.w r2!, {r3, r4, r5, r6}',
    ...pairs,
    ...(offsets.length % 2 ? single : []),
    ...(shift === null ? exact : ['ldm.w r2!, {r7, r8, r9, r10}', ...folded]),
    'ldr r12, [sp]',
    'adds r1, #4',
    'cmp r0, r12',
    'bne 1b',
    'add sp, #4',
    'pop {r4-r11, pc}',
  ];
}
