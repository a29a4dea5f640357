import { type Parts, twins } from '../parts.ts';
import { type RescaleKind, rescaleListing, rescaleText } from './matrix.ts';
import type { DspForm } from './rescale.ts';
import { ASSEMBLY, smladFunction } from './words.ts';

/**
 * The product of one row of inputs with weights of 16 bits, for few units: no scratch, inputs are unpacked where they are read.
 * Groups of at most four units; units left over are a group of their own.
 *
 *   weights  for each group, for each word of four inputs: for each unit two words, weights 0 and 2, then 1 and 3
 *   scales   for each unit: first sum (not times 256), multiplier, constant, shift
 */
const sizesOf = (units: number): number[] => {
  const sizes = Array.from({ length: Math.floor(units / 4) }, () => 4);
  return units % 4 ? [...sizes, units % 4] : sizes;
};

export function packWide(rows: readonly (readonly number[])[]): Uint32Array {
  const steps = Math.ceil(rows[0].length / 4);
  const packed: number[] = [];
  let start = 0;
  for (const size of sizesOf(rows.length)) {
    for (let i = 0; i < steps; i++) {
      for (const row of rows.slice(start, start + size)) {
        const at = (k: number) => (4 * i + k < row.length ? row[4 * i + k] : 0);
        for (const k of [0, 1]) packed.push(((at(k) & 0xffff) | (at(k + 2) << 16)) >>> 0);
      }
    }
    start += size;
  }
  return Uint32Array.from(packed);
}

export const wideScales = (sums: readonly number[], forms: readonly DspForm[]): number[] =>
  forms.flatMap((f, u) => [sums[u], f.multiplier, f.constant, f.shift]);

/** `void NAME(int8_t *y, const int8_t *x, const uint32_t *weights, const int32_t *scales, int32_t steps)` for `units` units. */
export function wideFunction(parts: Parts, kind: RescaleKind, units: number): string {
  const count = Math.floor(units / 4);
  const rest = units % 4;
  const whole = count ? groupFunction(parts, kind, 4) : '';
  const part = rest ? groupFunction(parts, kind, rest) : '';
  return parts.function(
    'wide_rows',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const uint32_t *weights, const int32_t *scales, int32_t steps) {
        ${
          count
            ? `for (int32_t group = 0; group < ${count}; group++) {
          ${whole}(&y[4 * group], x, &weights[8 * steps * group], &scales[16 * group], steps);
        }`
            : ''
        }
        ${rest ? `${part}(&y[${4 * count}], x, &weights[8 * steps * ${count}], &scales[${16 * count}], steps);` : ''}
      }
      `,
  );
}

function groupFunction(parts: Parts, kind: RescaleKind, size: number): string {
  const smlad = smladFunction(parts);
  const base = `wide_${size}${kind.sign ? '_signed' : ''}${kind.clamp ? '_clamped' : ''}`;
  return parts.function(base, (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: ['int8_t *y', 'const int8_t *x', 'const uint32_t *weights', 'const int32_t *scales', 'int32_t steps'],
      listing: listing(kind, size),
      plain: `
        for (int32_t u = 0; u < ${size}; u++) {
          const int32_t *scale = &scales[(4 * u) + 1];
          uint32_t bits = (uint32_t)scales[4 * u];
          for (int32_t i = 0; i < steps; i++) {
            for (int32_t k = 0; k < 2; k++) {
              const uint32_t inputs = (uint32_t)(uint16_t)x[(4 * i) + k] | ((uint32_t)(uint16_t)x[(4 * i) + k + 2] << 16);
              bits = ${smlad}(inputs, weights[(((${size} * i) + u) * 2) + k], bits);
            }
          }
          bits *= 256u;
          ${rescaleText(kind)}
          y[u] = (int8_t)value;
        }
      `,
    }),
  );
}

/** Registers: sums r4..r7, weights r8..r11, inputs r0 r12, pointers r1 (x) r2 (weights), steps left lr. */
function listing(kind: RescaleKind, size: number): string[] {
  const sums = ['r4', 'r5', 'r6', 'r7'].slice(0, size);
  return [
    'push {r0, r4-r11, lr}',
    'ldr lr, [sp, #40]',
    ...sums.map((sum, u) => `ldr ${sum}, [r3, #${16 * u}]`),
    ...(size > 2 ? turnsOfTwo(sums) : turnsOfEight(sums)),
    'pop {r0}',
    ...sums.flatMap((sum, u) => [
      `lsl ${sum}, ${sum}, #8`,
      `ldrd r10, r11, [r3, #${16 * u + 4}]`,
      `ldr r12, [r3, #${16 * u + 12}]`,
      ...rescaleListing(sum, kind),
      `strb ${sum}, [r0, #${u}]`,
    ]),
    'pop {r4-r11, pc}',
  ];
}

/** Products of four inputs. @param x the register of their word, which is lost */
function step(sums: readonly string[], x: string): string[] {
  const unit = (u: number, w: number) => [
    `smlad ${sums[u]}, r12, r${w}, ${sums[u]}`,
    `smlad ${sums[u]}, ${x}, r${w + 1}, ${sums[u]}`,
  ];
  return [
    `sxtb16 r12, ${x}`,
    `sxtb16 ${x}, ${x}, ror #8`,
    ...Array.from({ length: Math.ceil(sums.length / 2) }, (_, i) =>
      2 * i + 1 < sums.length
        ? ['ldm r2!, {r8, r9, r10, r11}', ...unit(2 * i, 8), ...unit(2 * i + 1, 10)]
        : ['ldrd r8, r9, [r2], #8', ...unit(2 * i, 8)],
    ).flat(),
  ];
}

function turnsOfTwo(sums: readonly string[]): string[] {
  const next = ['ldr r0, [r1], #4', ...step(sums, 'r0')];
  return [
    'lsrs r0, lr, #1',
    'bcc 1f',
    ...next,
    'subs lr, lr, #1',
    'beq 2f',
    '1:',
    ...next,
    ...next,
    'subs lr, lr, #2',
    'bne 1b',
    '2:',
  ];
}

/** Few products leave registers for two words of inputs at once, and a turn would be as long as what it costs; it may begin in the middle. */
function turnsOfEight(sums: readonly string[]): string[] {
  const pair = ['ldrd r0, r7, [r1], #8', ...step(sums, 'r0'), ...step(sums, 'r7')];
  return [
    'lsrs r9, lr, #1',
    'bcc 1f',
    'ldr r0, [r1], #4',
    ...step(sums, 'r0'),
    'lsrs r9, lr, #1',
    'beq 3f',
    '1:',
    'add lr, r9, #3',
    'lsr lr, lr, #2',
    'rsb r9, r9, lr, lsl #2',
    `mov r10, #${4 * pair.length}`,
    'adr r0, 2f',
    'mla r0, r9, r10, r0',
    'orr r0, r0, #1',
    'bx r0',
    '.balign 4',
    '2:',
    ...Array.from({ length: 4 }, () => pair).flat(),
    'subs lr, lr, #1',
    'bne 2b',
    '3:',
  ];
}
