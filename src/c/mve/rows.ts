import { type Parts, twins } from '../parts.ts';
import {
  ASSEMBLY,
  clampListing,
  constant,
  type MveForm,
  type ProductKind,
  putWeight,
  rescaleText,
  signListing,
  storedVectors,
  VECTOR,
  vectorsOf,
  weightsListing,
  weightText,
} from './rescale.ts';

/**
 * The product of one row of inputs with weights of groups of four units.
 *
 *   x        whole vectors
 *   weights  for each group, for each vector: 16 weights of each of the four units
 *   scales   for each group: four biases (zero point of the input included), four multipliers, four shifts
 */
export const GROUP = 4;

/** First units of the groups; the last group overlaps where the units are no multiple of four. */
const groupStarts = (units: number): number[] => {
  const starts = Array.from({ length: Math.floor(units / GROUP) }, (_, i) => i * GROUP);
  return units % GROUP ? [...starts, units - GROUP] : starts;
};

export function packGroups(rows: readonly (readonly number[])[], nibbles: boolean): Int8Array {
  const vectors = storedVectors(vectorsOf(rows[0].length), nibbles);
  const starts = groupStarts(rows.length);
  const packed = new Int8Array(starts.length * GROUP * vectors * VECTOR);
  starts.forEach((start, g) => {
    for (let u = 0; u < GROUP; u++) {
      rows[start + u].forEach((w, k) => {
        putWeight(packed, (g * vectors * GROUP + u) * VECTOR, GROUP, k, w, nibbles);
      });
    }
  });
  return packed;
}

export const groupScales = (biases: readonly number[], forms: readonly MveForm[]): number[] =>
  groupStarts(forms.length).flatMap((start) => {
    const own = forms.slice(start, start + GROUP);
    return [...biases.slice(start, start + GROUP), ...own.map((f) => f.multiplier), ...own.map((f) => f.shift)];
  });

/** `void NAME(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *scales, int32_t groups)` with the depth inside. */
export function rowsFunction(parts: Parts, kind: ProductKind, vectors: number): string {
  const stored = storedVectors(vectors, kind.nibbles);
  return parts.function(`rows${kind.nibbles ? '_nibbles' : ''}`, (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: ['int8_t *y', 'const int8_t *x', 'const int8_t *weights', 'const int32_t *scales', 'int32_t groups'],
      listing: listing(kind, vectors),
      plain: `
        for (int32_t c = 0; c < (4 * groups); c++) {
          const int32_t *scale = &scales[((c / 4) * 12) + (c % 4)];
          const int32_t first = ((c / 4) * ${64 * stored}) + ((c % 4) * 16);
          int32_t sum = scale[0];
          for (int32_t k = 0; k < ${vectors * VECTOR}; k++) {
            sum += x[k] * ${weightText('first', 4, kind.nibbles)};
          }
          ${rescaleText(kind, 'scale[4]', 'scale[8]').join('\n          ')}
          y[c] = (int8_t)value;
        }
      `,
    }),
  );
}

const SUMS = ['r4', 'r6', 'r8', 'r10'];

/** Registers: r0 y, r1 x, r2 weights, r3 scales, r5 x kept, r7 groups left, r9 zero point; sums r4 r6 r8 r10. */
function listing(kind: ProductKind, vectors: number): string[] {
  const step = (op: string, i: number) => [
    'vldrb.u8 q0, [r1], #16',
    ...weightsListing(
      SUMS.map((_, u) => `q${1 + u}`),
      'r2',
      kind.nibbles ? i % 2 : null,
    ),
    ...SUMS.map((r, u) => `${op} ${r}, q0, q${1 + u}`),
  ];
  const repeat = (n: number) => Array.from({ length: n }, (_, i) => step('vmladava.s8', i + 1)).flat();
  const more = vectors - 1;
  const unrolled = more <= 3 ? more : 2;
  const turns = more ? Math.floor(more / unrolled) : 0;
  const rest = more - turns * unrolled;
  const loop =
    turns === 1 ? repeat(unrolled) : turns ? [`movw lr, #${turns}`, 'dls lr, lr', '2:', ...repeat(unrolled), 'le lr, 2b'] : [];
  return [
    'push {r4-r11, lr}',
    'vpush {d8, d9}',
    'ldr r7, [sp, #52]',
    'mov r5, r1',
    ...constant('r9', kind.yOffset),
    '1:',
    'mov r1, r5',
    ...step('vmladav.s8', 0),
    ...loop,
    ...repeat(rest),
    // An odd number of steps leaves the pointer before the last vectors.
    ...(kind.nibbles && vectors % 2 ? ['adds r2, #64'] : []),
    'vmov q0[2], q0[0], r4, r8',
    'vmov q0[3], q0[1], r6, r10',
    'vldrw.u32 q1, [r3], #16',
    'vldrw.u32 q2, [r3], #16',
    'vldrw.u32 q3, [r3], #16',
    'vadd.i32 q0, q0, q1',
    'vqrdmulh.s32 q0, q0, q2',
    ...signListing('q0', kind, 'q1'),
    'vrshl.s32 q0, q0, q3',
    ...clampListing('q0', kind, { zero: 'r9', scalar: 'r11', vector: 'q1' }),
    'vstrb.32 q0, [r0], #4',
    'subs r7, #1',
    'bne 1b',
    'vpop {d8, d9}',
    'pop {r4-r11, pc}',
  ];
}
