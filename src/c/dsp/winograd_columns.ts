/** Inputs as Winograd's products take them: sums and differences of neighbouring columns. */
import { type Parts, twins } from '../parts.ts';
import { APART, STEP_WORDS } from './winograd_matrix.ts';
import { ASSEMBLY, sxtb16Function } from './words.ts';

/**
 * `void NAME(uint32_t *to, const int8_t *const *from, const int32_t *rest, int32_t rows, int32_t words)`
 *
 *   to     out: for each word of four inputs d2 - d1, d1 + d2, d0 - d2, d1 - d3; of each, lanes of inputs 0 and 2, then of 1 and 3
 *   from   columns d0..d3
 *   rest   for each column the bytes between its words and those of the next row
 *   rows   at least 1
 */
export function columnsFunction(parts: Parts): string {
  const sxtb16 = sxtb16Function(parts);
  const add = lanesFunction(parts, 'add');
  const sub = lanesFunction(parts, 'sub');
  return parts.function('winograd_columns', (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: ['uint32_t *to', 'const int8_t *const *from', 'const int32_t *rest', 'int32_t rows', 'int32_t words'],
      listing: LISTING,
      plain: `
        for (int32_t row = 0; row < rows; row++) {
          for (int32_t i = 0; i < words; i++) {
            uint32_t *step = &to[((row * words) + i) * ${STEP_WORDS}];
            uint32_t d[4];
            for (int32_t k = 0; k < 4; k++) {
              (void)memcpy(&d[k], &from[k][(row * ((4 * words) + rest[k])) + (4 * i)], 4);
            }
            for (int32_t odd = 0; odd < 2; odd++) {
              const uint32_t d0 = ${sxtb16}(d[0] >> (8u * (uint32_t)odd));
              const uint32_t d1 = ${sxtb16}(d[1] >> (8u * (uint32_t)odd));
              const uint32_t d2 = ${sxtb16}(d[2] >> (8u * (uint32_t)odd));
              const uint32_t d3 = ${sxtb16}(d[3] >> (8u * (uint32_t)odd));
              step[odd] = ${sub}(d2, d1);
              step[${APART} + odd] = ${add}(d1, d2);
              step[${2 * APART} + odd] = ${sub}(d0, d2);
              step[${3 * APART} + odd] = ${sub}(d1, d3);
            }
          }
        }
      `,
    }),
  );
}

/** Registers: to r0, columns r1..r4, words left r5. */
const LISTING: readonly string[] = [
  // 0 rest, 4 rows left; then r4-r11 lr; then words
  'push {r4-r11, lr}',
  'sub sp, #8',
  'strd r2, r3, [sp]',
  'ldm r1, {r1, r2, r3, r4}',
  '1:',
  'ldr r5, [sp, #44]',
  '2:',
  ...[6, 7, 8, 9].map((d, k) => `ldr r${d}, [r${k + 1}], #4`),
  ...[10, 11, 12].map((d, k) => `sxtb16 r${d}, r${k + 6}`),
  'sxtb16 lr, r9',
  ...[6, 7, 8, 9].map((d) => `sxtb16 r${d}, r${d}, ror #8`),
  'ssub16 r10, r10, r12',
  'ssub16 r6, r6, r8',
  `strd r10, r6, [r0, #${8 * APART}]`,
  'ssub16 lr, r11, lr',
  'ssub16 r9, r7, r9',
  `strd lr, r9, [r0, #${12 * APART}]`,
  'sadd16 r10, r11, r12',
  'sadd16 r6, r7, r8',
  `strd r10, r6, [r0, #${4 * APART}]`,
  'ssub16 r12, r12, r11',
  'ssub16 r8, r8, r7',
  `strd r12, r8, [r0], #${4 * STEP_WORDS}`,
  'subs r5, r5, #1',
  'bne 2b',
  'ldr r5, [sp]',
  'ldm r5, {r6, r7, r8, r9}',
  ...[1, 2, 3, 4].map((k) => `add r${k}, r${k}, r${k + 5}`),
  'ldr r5, [sp, #4]',
  'subs r5, r5, #1',
  'str r5, [sp, #4]',
  'bne 1b',
  'add sp, #8',
  'pop {r4-r11, pc}',
];

/** `uint32_t NAME(uint32_t a, uint32_t b)`: SADD16 or SSUB16 in plain C. */
const lanesFunction = (parts: Parts, op: 'add' | 'sub'): string => {
  const sign = op === 'add' ? '+' : '-';
  return parts.function(
    `s${op}16`,
    (name) =>
      `
      /* Lanes of 16 bits: a ${sign} b. */
      static inline uint32_t ${name}(uint32_t a, uint32_t b) {
        return ((a ${sign} b) & 0xffffu) | (((a >> 16) ${sign} (b >> 16)) << 16);
      }
      `,
  );
};

/** `void NAME(uint32_t *to, int32_t words)`: the same for rows outside the image, where every input is `zero`. */
export const sameColumnsFunction = (parts: Parts, zero: number): string => {
  const twice = (((2 * zero) & 0xffff) * 0x00010001) >>> 0;
  return parts.function(
    'winograd_outside',
    (name) =>
      `
      static void ${name}(uint32_t *to, int32_t words) {
        for (int32_t i = 0; i < words; i++) {
          for (int32_t odd = 0; odd < 2; odd++) {
            uint32_t *step = &to[(${STEP_WORDS} * i) + odd];
            step[0] = 0u;
            step[${APART}] = ${twice}u;
            step[${2 * APART}] = 0u;
            step[${3 * APART}] = 0u;
          }
        }
      }
      `,
  );
};
