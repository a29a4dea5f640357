import { type Parts, twins } from '../parts.ts';
import { ASSEMBLY, RESTORE, rescaleListing, rescaleText, SAVE } from './listings.ts';
import type { ThumbForms } from './rescale.ts';

interface UnitsKind {
  readonly forms: ThumbForms;
  /** Units of a group. */
  readonly size: number;
  readonly expanded: boolean;
  /** Weights of 4 bits; x, where it is expanded, are the inputs as words. */
  readonly nibbles: boolean;
}

/**
 * `void NAME(int8_t *y, const X *x, const uint32_t *weights, const int32_t *scales, int32_t groups, int32_t steps)` for groups of `size`
 * units; x: the inputs (aligned to 4 bytes), or their u and v.
 */
export function unitsFunction(parts: Parts, kind: UnitsKind): string {
  const { forms, size, expanded, nibbles } = kind;
  const { split, shift, sign } = forms;
  const words = sign ? 6 : 4;
  const type = expanded ? 'uint32_t' : 'int8_t';
  const value = expanded
    ? `const int32_t u = (int32_t)x[(4 * i) + (2 * k)];
              const int32_t v = (int32_t)x[(4 * i) + (2 * k) + 1];`
    : `const int32_t u = -(x[(4 * i) + (2 * k)] + 128);
              const int32_t v = (x[(4 * i) + (2 * k) + 1] * 256) - u;`;
  const bytePairs = `
            const uint32_t word = weights[((((c / ${size}) * steps) + i) * ${size}) + (c % ${size})];
            for (int32_t k = 0; k < 2; k++) {
              const int32_t h = (int16_t)((word >> (16 * k)) & 0xffffu);
              const int32_t s = (int8_t)((word >> (16 * k)) & 0xffu);
              ${value}
              bits = (int32_t)((uint32_t)bits + (uint32_t)(u * h) + (uint32_t)(v * s));
            }`;
  const words2 = Math.ceil(size / 2);
  const nibble = `
            const uint32_t half = weights[((((c / ${size}) * steps) + i) * ${words2}) + ((c % ${size}) / 2)] >> (16u * ((uint32_t)(c % ${size}) % 2u));
            for (int32_t k = 0; k < 4; k++) {
              const int32_t w = (int32_t)(half << (28u - (4u * (uint32_t)k))) >> 28;
              bits += ${expanded ? '(int32_t)' : ''}x[(4 * i) + k] * w;
            }`;
  return parts.function(`units_${nibbles ? 'nibbles_' : ''}${size}`, (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: [
        'int8_t *y',
        `const ${type} *x`,
        'const uint32_t *weights',
        'const int32_t *scales',
        'int32_t groups',
        'int32_t steps',
      ],
      listing: listing(kind),
      plain: `
        for (int32_t c = 0; c < (${size} * groups); c++) {
          const int32_t *scale = &scales[${words} * c];
          int32_t bits = scale[0];
          for (int32_t i = 0; i < steps; i++) {
            ${nibbles ? nibble : bytePairs}
          }
          const int32_t sum = (bits < 0) ? 0 : ${nibbles ? 'bits' : '(bits / 256)'};
          const int32_t t = (sum > scale[1]) ? 0 : (scale[1] - sum);
          ${rescaleText({ split, sign })}
          y[c] = (int8_t)((scale[3] - product) >> ${shift});
        }
      `,
    }),
  );
}

const SUMS = ['r8', 'r9', 'r10', 'r11'];

/** Registers: r0 x, r1 weights, r2 four of them, r3 free, r4..r7 u v u v; sums r8..r11, r12 the mask of low bytes, lr end of x. */
function listing({ forms: { split, shift, sign }, size, expanded, nibbles }: UnitsKind): string[] {
  // 0 y, 4 x, 8 scales, 12 weights, 20 product of sum 0, 24 tie; then r8-r11, r4-r7, lr; then groups, steps
  const frame = 28;
  const given = frame + 36;
  const words = sign ? 6 : 4;
  const plainInputs = [
    'ldm r0!, {r7}',
    'sxtb r4, r7',
    'asrs r7, r7, #8',
    'sxtb r5, r7',
    'asrs r7, r7, #8',
    'sxtb r6, r7',
    'asrs r7, r7, #8',
  ];
  const inputs = expanded
    ? ['ldm r0!, {r4, r5, r6, r7}']
    : nibbles
      ? plainInputs
      : [
          'ldm r0!, {r5}',
          'mov r3, r12',
          'eors r5, r3',
          'uxtb r4, r5',
          'rsbs r4, r4, #0',
          'asrs r7, r5, #16',
          'uxtb r6, r7',
          'rsbs r6, r6, #0',
          'sxth r5, r5',
        ];
  const unit = (sum: string) => [
    'ldm r1!, {r2}',
    'sxth r3, r2',
    'muls r3, r4',
    `add ${sum}, r3`,
    'sxtb r3, r2',
    'muls r3, r5',
    `add ${sum}, r3`,
    'asrs r2, r2, #16',
    'sxtb r3, r2',
    'muls r3, r7',
    `add ${sum}, r3`,
    'muls r2, r6',
    `add ${sum}, r2`,
  ];
  const nibbleUnit = (sum: string, u: number) => [
    ...(u % 2 ? [] : ['ldm r1!, {r2}']),
    ...[4, 5, 6, 7].flatMap((input, k) => {
      const left = 28 - 4 * (k + 4 * (u % 2));
      return [
        ...(left ? [`lsls r3, r2, #${left}`] : []),
        `asrs r3, ${left ? 'r3' : 'r2'}, #28`,
        `muls r3, r${input}`,
        `add ${sum}, r3`,
      ];
    }),
  ];
  const finish = (sum: string, u: number) => [
    `ldr r2, [r1, #${4 * (u * words + 1)}]`,
    `ldr r3, [r1, #${4 * (u * words + 2)}]`,
    `ldr r5, [r1, #${4 * (u * words + 3)}]`,
    ...(sign
      ? [
          `ldr r4, [r1, #${4 * (u * words + 4)}]`,
          'str r4, [sp, #20]',
          `ldr r4, [r1, #${4 * (u * words + 5)}]`,
          'str r4, [sp, #24]',
        ]
      : []),
    `lsrs r4, r3, #${split}`,
    `lsls r3, r3, #${32 - split}`,
    `lsrs r3, r3, #${32 - split}`,
    `mov r6, ${sum}`,
    ...(nibbles ? [] : ['asrs r6, r6, #8']),
    ...rescaleListing(split, shift, sign, '3'),
    `strb r6, [r0, #${u}]`,
  ];
  const sums = SUMS.slice(0, size);
  return [
    ...SAVE,
    `sub sp, #${frame}`,
    'str r0, [sp]',
    'str r1, [sp, #4]',
    'str r3, [sp, #8]',
    `ldr r4, [sp, #${given + 4}]`,
    `lsls r4, r4, #${expanded ? 4 : 2}`,
    'adds r4, r4, r1',
    'mov lr, r4',
    ...(expanded || nibbles ? [] : ['movs r4, #128', 'lsls r5, r4, #16', 'adds r4, r4, r5', 'mov r12, r4']),
    'movs r1, r2',
    '1:',
    'ldr r7, [sp, #8]',
    ...sums.flatMap((sum, u) => [`ldr r4, [r7, #${4 * u * words}]`, `mov ${sum}, r4`]),
    'ldr r0, [sp, #4]',
    '2:',
    ...inputs,
    ...sums.flatMap(nibbles ? nibbleUnit : unit),
    'cmp r0, lr',
    'bne 2b',
    'str r1, [sp, #12]',
    'ldr r1, [sp, #8]',
    'ldr r0, [sp]',
    ...sums.flatMap(finish),
    `adds r0, #${size}`,
    'str r0, [sp]',
    `adds r1, #${4 * size * words}`,
    'str r1, [sp, #8]',
    'ldr r1, [sp, #12]',
    `ldr r4, [sp, #${given}]`,
    'subs r4, r4, #1',
    `str r4, [sp, #${given}]`,
    'beq 4f',
    'b 1b',
    '4:',
    `add sp, #${frame}`,
    ...RESTORE,
  ];
}
