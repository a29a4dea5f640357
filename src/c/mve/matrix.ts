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
 * The product of three or four pixels with weights of pairs of channels: vectors of 16 inputs are loaded once for both channels.
 *
 *   y        out: pixel p, channel c at y[p * pitchY + c]
 *   x        pixel p from x[p * pitchX] on, whole vectors
 *   weights  for each pair of channels, for each vector: 16 weights of the first, 16 of the second
 *   scales   for each channel: bias (zero point of the input included), multiplier, shift
 */
/** Weights of channels in pairs, each filled up with zeros to whole vectors. */
export function packPairs(rows: readonly (readonly number[])[], nibbles: boolean): Int8Array {
  const vectors = storedVectors(vectorsOf(rows[0].length), nibbles);
  const packed = new Int8Array(rows.length * vectors * VECTOR);
  rows.forEach((row, c) => {
    const first = ((c >> 1) * vectors * 2 + (c & 1)) * VECTOR;
    row.forEach((w, k) => {
      putWeight(packed, first, 2, k, w, nibbles);
    });
  });
  return packed;
}

export const channelScales = (biases: readonly number[], forms: readonly MveForm[]): number[] =>
  forms.flatMap((f, c) => [biases[c], f.multiplier, f.shift]);

export interface MatrixSizes {
  /** Vectors of a pixel's inputs. */
  readonly vectors: number;
  /** Pixels of a block: 3 or 4. */
  readonly pixels: number;
  readonly pitchX: number;
  readonly pitchY: number;
}

/** `void NAME(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *scales, int32_t pairs)` with sizes inside. */
export function matrixFunction(parts: Parts, kind: ProductKind, sizes: MatrixSizes): string {
  const { vectors, pixels, pitchX, pitchY } = sizes;
  const stored = storedVectors(vectors, kind.nibbles);
  return parts.function(`matrix${kind.nibbles ? '_nibbles' : ''}`, (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: ['int8_t *y', 'const int8_t *x', 'const int8_t *weights', 'const int32_t *scales', 'int32_t pairs'],
      listing: listing(kind, sizes),
      plain: `
        for (int32_t c = 0; c < (2 * pairs); c++) {
          const int32_t first = ((c / 2) * ${32 * stored}) + ((c % 2) * 16);
          for (int32_t p = 0; p < ${pixels}; p++) {
            int32_t sum = scales[3 * c];
            for (int32_t k = 0; k < ${vectors * VECTOR}; k++) {
              sum += x[(p * ${pitchX}) + k] * ${weightText('first', 2, kind.nibbles)};
            }
            ${rescaleText(kind, 'scales[(3 * c) + 1]', 'scales[(3 * c) + 2]').join('\n            ')}
            y[(p * ${pitchY}) + c] = (int8_t)value;
          }
        }
      `,
    }),
  );
}

const FIRST = ['r0', 'r2', 'r4', 'r6'];
const SECOND = ['r8', 'r10', 'r12', 'lr'];
const INPUTS = ['r1', 'r3', 'r5', 'r7'];

/** Steps of one turn: few turns and few steps left over; of weights of 4 bits an even number. */
function unrollingOf(steps: number, nibbles: boolean): number {
  if (steps <= 3) return steps;
  const cost = (n: number) => 4 * Math.floor(steps / n) + 2 * (n + (steps % n));
  const all = nibbles ? [2, 4, 6, 8] : [2, 3, 4, 5, 6, 7, 8];
  return all.reduce((best, n) => (cost(n) < cost(best) ? n : best));
}

/** Registers: sums in the even ones (first channel r0 r2 r4 r6, second r8 r10 r12 lr), inputs r1 r3 r5 r7, weights r9, turns r11. */
function listing(kind: ProductKind, { vectors, pixels, pitchX, pitchY }: MatrixSizes): string[] {
  // 0..12 inputs, 16 scales, 20 y; then r4-r11 lr; then pairs
  const frame = 24;
  const pairs = frame + 36;
  const step = (op: string, i: number) => [
    ...INPUTS.slice(0, pixels).map((r, p) => `vldrb.u8 q${p}, [${r}], #16`),
    ...weightsListing(['q4', 'q5'], 'r9', kind.nibbles ? i % 2 : null),
    ...FIRST.slice(0, pixels).map((r, p) => `${op} ${r}, q${p}, q4`),
    ...SECOND.slice(0, pixels).map((r, p) => `${op} ${r}, q${p}, q5`),
  ];
  const more = vectors - 1;
  const unrolled = unrollingOf(more, kind.nibbles);
  const turns = Math.floor(more / Math.max(1, unrolled));
  const rest = more - turns * unrolled;
  const repeat = (n: number) => Array.from({ length: n }, (_, i) => step('vmladava.s8', i + 1)).flat();
  const body =
    more === 0
      ? []
      : turns === 1
        ? repeat(unrolled)
        : [`movw r11, #${turns}`, '2:', ...repeat(unrolled), 'subs r11, #1', 'bne 2b'];
  const channel = (sums: readonly string[]) => [
    `vmov q0[2], q0[0], ${sums[0]}, ${sums[2]}`,
    `vmov q0[3], q0[1], ${sums[1]}, ${sums[pixels - 1]}`,
    'ldm r1!, {r3, r5, r7}',
    'vadd.i32 q0, q0, r3',
    'vqrdmulh.s32 q0, q0, r5',
    ...signListing('q0', kind, 'q1'),
    'vrshl.s32 q0, r7',
    ...clampListing('q0', kind, { zero: 'q6', scalar: 'r3', vector: 'q1' }),
    'vstrb.32 q0, [r11, q7]',
    'adds r11, #1',
  ];
  return [
    'push {r4-r11, lr}',
    'vpush {d8-d15}',
    `sub sp, #${frame}`,
    'mov r9, r2',
    `movw r4, #${pitchX}`,
    'add r5, r1, r4',
    'add r6, r5, r4',
    'add r7, r6, r4',
    'strd r1, r5, [sp]',
    'strd r6, r7, [sp, #8]',
    'strd r3, r0, [sp, #16]',
    'movs r4, #0',
    'vidup.u32 q7, r4, #1',
    `movw r4, #${pitchY}`,
    'vmul.i32 q7, q7, r4',
    // The fourth of three pixels is the third once more.
    ...(pixels === 3 ? ['lsl r4, r4, #1', 'vmov.32 q7[3], r4'] : []),
    ...constant('r4', kind.yOffset),
    'vdup.32 q6, r4',
    '1:',
    'ldrd r1, r3, [sp]',
    'ldrd r5, r7, [sp, #8]',
    ...step('vmladav.s8', 0),

    ...body,
    ...repeat(turns === 1 ? 0 : rest),
    // An odd number of steps leaves the pointer before the last vectors.
    ...(kind.nibbles && vectors % 2 ? ['adds r9, #32'] : []),
    'ldrd r1, r11, [sp, #16]',
    ...channel(FIRST),
    ...channel(SECOND),
    'strd r1, r11, [sp, #16]',
    `ldr r1, [sp, #${pairs + 64}]`,
    'subs r1, #1',
    `str r1, [sp, #${pairs + 64}]`,
    'bne 1b',
    `add sp, #${frame}`,
    'vpop {d8-d15}',
    'pop {r4-r11, pc}',
  ];
}
