import type { CallOf } from '../../ops/kernel_call.ts';
import { biasOf, channelsOf, type Geometry, geometryOf, isInside, overlapping, weightsOf } from '../geometry.ts';
import type { Argument, LayerCode, Parts, Placed } from '../parts.ts';
import { ofEach } from '../rescale.ts';
import { expandFunction, expandSameFunction } from './expand.ts';
import { matrixFunction, packPairs, pairScales } from './matrix.ts';
import { type DspForm, dspForm } from './rescale.ts';
import { GROUP, groupScales, packGroups, rowsFunction } from './rows.ts';
import { canPack, firstNibbleSum, firstSum, nibbleWords, packNibbleWords, packWords } from './words.ts';

/** Pixels of a block. */
const BLOCK = 3;

/** Neighbouring channels that one call computes: `from`..`end - 1`, an even number. */
interface Segment {
  readonly from: number;
  readonly end: number;
  readonly sign: boolean;
}

/** Convolution by blocks of three pixels and two channels, or of one pixel and four; null where a channel has no such form. */
export function convolveDsp(call: CallOf<'convolve', Placed>, parts: Parts, tag: string): LayerCode | null {
  const g = geometryOf(call);
  const { x, y } = call.operands;
  if (g.groups > 1 || g.outC < GROUP) return null;
  const rows = Array.from({ length: g.outC }, (_, c) => weightsOf(call, c));
  const nibbles = call.form === 's4';
  if (!nibbles && !rows.every(canPack)) return null;
  const forms = ofEach(channelsOf(call), dspForm);
  if (forms.some((f) => f === null)) return null;
  const { xOffset, yMin, yMax } = call.parameters;
  const sums = rows.map((row, c) => (nibbles ? firstNibbleSum : firstSum)(row, biasOf(call, c), xOffset));
  const segments = segmentsOf(forms as DspForm[]);
  const clamp = yMin === -128 && yMax === 127 ? null : ([yMin, yMax] as const);
  const steps = Math.ceil(rows[0].length / 4);
  const layout: Layout = { g, zero: -xOffset, steps, nibbles };
  if (g.outH * g.outW < BLOCK) {
    const inner = rowsFunction(parts, { sign: forms.some((f) => f!.sign), clamp, nibbles });
    const args: Argument[] = [
      parts.operand(y),
      parts.operand(x),
      parts.table(`${tag}_weights`, 'uint32_t', packGroups(rows.map(nibbles ? packNibbleWords : packWords))),
      parts.table(`${tag}_scales`, 'int32_t', groupScales(sums, forms as DspForm[])),
      'scratch',
    ];
    return {
      calls: [{ function: pixelsFunction(parts, layout, inner), arguments: args }],
      scratchBytes: 8 * steps,
      notes: [],
      ...overlapping(parts.trade, g, 0),
    };
  }
  const pieces = segments.map((s) => ({
    ...s,
    matrix: matrixFunction(parts, { sign: s.sign, clamp, nibbles }),
  }));
  const order = segments.flatMap(({ from, end }) => Array.from({ length: end - from }, (_, i) => from + i));
  const name = convolveFunction(parts, layout, pieces);
  const args: Argument[] = [
    parts.operand(y),
    parts.operand(x),
    parts.table(
      `${tag}_weights`,
      'uint32_t',
      packPairs(
        order.map((c) => rows[c]),
        nibbles,
      ),
    ),
    parts.table(
      `${tag}_scales`,
      'int32_t',
      pairScales(
        order.map((c) => sums[c]),
        order.map((c) => forms[c]!),
      ),
    ),
    'scratch',
  ];
  return {
    calls: [{ function: name, arguments: args }],
    scratchBytes: steps * 8 * BLOCK,
    notes: [],
    ...overlapping(parts.trade, g, 2 * BLOCK),
  };
}

/** Even runs of channels of one form; the last channel of an odd number is computed together with the one before it. */
function segmentsOf(forms: readonly DspForm[]): Segment[] {
  const sign = forms.some((f) => f.sign);
  const n = forms.length;
  const even = n - (n % 2);
  const all: Segment[] = [{ from: 0, end: even, sign }];
  if (n % 2) all.push({ from: n - 2, end: n, sign });
  return all;
}

type Piece = Segment & { readonly matrix: string };

interface Layout {
  readonly g: Geometry;
  readonly zero: number;
  /** Words of a window. */
  readonly steps: number;
  /** Weights of 4 bits. */
  readonly nibbles: boolean;
}

function convolveFunction(parts: Parts, layout: Layout, pieces: readonly Piece[]): string {
  const { g, steps, nibbles } = layout;
  const pixels = g.outH * g.outW;
  const gather = gatherFunction(parts, layout, 2 * BLOCK);
  let words = 0;
  let scales = 0;
  const products = pieces.map(({ from, end, matrix }) => {
    const pairs = (end - from) / 2;
    const text = `${matrix}(&out[${from}], block, &weights[${words}], &scales[${scales}], ${pairs}, ${steps}, ${g.outC});`;
    words += pairs * 2 * (nibbles ? nibbleWords(steps) : steps);
    scales += pairs * 8;
    return text;
  });
  return parts.function(
    'convolve',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const uint32_t *weights, const int32_t *scales, uint32_t *block) {
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t done = 0; done < ${pixels}; done += ${BLOCK}) {
            const int32_t first = (done < ${pixels - BLOCK}) ? done : ${pixels - BLOCK};
            int8_t *out = &y[((image * ${pixels}) + first) * ${g.outC}];
            for (int32_t p = 0; p < ${BLOCK}; p++) {
              ${gather}(&block[2 * p], &x[image * ${g.inH * g.inW * g.inC}], (first + p) / ${g.outW}, (first + p) % ${g.outW});
            }
            ${products.join('\n            ')}
          }
        }
      }
      `,
  );
}

/** Few pixels: one after another, channels in groups. */
function pixelsFunction(parts: Parts, layout: Layout, rows: string): string {
  const { g, steps, nibbles } = layout;
  const gather = gatherFunction(parts, layout, 2);
  const pixels = g.outH * g.outW;
  const groups = Math.floor(g.outC / GROUP);
  const at = groups * GROUP;
  const last = `${rows}(&y[${g.outC - GROUP}], pairs, &weights[${at * (nibbles ? nibbleWords(steps) : steps)}], &scales[${at * 4}], 1, ${steps});`;
  return parts.function(
    'convolve',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const uint32_t *weights, const int32_t *scales, uint32_t *pairs) {
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t pixel = 0; pixel < ${pixels}; pixel++) {
            ${gather}(pairs, &x[image * ${g.inH * g.inW * g.inC}], pixel / ${g.outW}, pixel % ${g.outW});
            ${rows}(y, pairs, weights, scales, ${groups}, ${steps});
            ${g.outC % GROUP ? last : ''}
            y += ${g.outC};
          }
        }
      }
      `,
  );
}

/** `void NAME(uint32_t *to, const int8_t *x, int32_t oy, int32_t ox)`: the window of one output pixel as pairs of words. */
function gatherFunction(parts: Parts, { g, zero, steps, nibbles }: Layout, apart: number): string {
  const byte = zero & 0xff;
  const zeros = ((byte * 0x01010101) ^ (nibbles ? 0 : 0x00800080)) >>> 0;
  const expand = expandFunction(parts, apart, nibbles);
  if (g.inC % 4 === 0 && isInside(g) && g.dW === 1) {
    const words = (g.kW * g.inC) / 4;
    return parts.function(
      'gather',
      (name) =>
        `
        static void ${name}(uint32_t *to, const int8_t *x, int32_t oy, int32_t ox) {
          const int8_t *from = &x[((oy * ${g.sH * g.inW}) + (ox * ${g.sW})) * ${g.inC}];
          for (int32_t ky = 0; ky < ${g.kH}; ky++) {
            to = ${expand}(to, from, ${words});
            from += ${g.dH * g.inW * g.inC};
          }
        }
        `,
    );
  }
  if (g.inC % 4 === 0 && g.dW === 1) {
    const same = expandSameFunction(parts, apart, nibbles);
    const words = g.inC / 4;
    return parts.function(
      'gather',
      (name) =>
        `
        static void ${name}(uint32_t *to, const int8_t *x, int32_t oy, int32_t ox) {
          const int32_t ix = (ox * ${g.sW}) - ${g.left};
          const int32_t before = (ix < 0) ? -ix : 0;
          const int32_t end = ((ix + ${g.kW}) > ${g.inW}) ? (${g.inW} - ix) : ${g.kW};
          for (int32_t ky = 0; ky < ${g.kH}; ky++) {
            const int32_t iy = (oy * ${g.sH}) - ${g.top} + (ky * ${g.dH});
            if ((iy < 0) || (iy >= ${g.inH})) {
              to = ${same}(to, ${zeros}u, ${g.kW * words});
            } else {
              to = ${same}(to, ${zeros}u, before * ${words});
              to = ${expand}(to, &x[((iy * ${g.inW}) + ix + before) * ${g.inC}], (end - before) * ${words});
              to = ${same}(to, ${zeros}u, (${g.kW} - end) * ${words});
            }
          }
        }
        `,
    );
  }
  const [row, rest] = [g.kW * g.inC, 4 * steps - g.kH * g.kW * g.inC];
  const byPlaces = `
          for (int32_t kx = 0; kx < ${g.kW}; kx++) {
            const int32_t ix = column + (kx * ${g.dW});
            if ((iy >= 0) && (iy < ${g.inH}) && (ix >= 0) && (ix < ${g.inW})) {
              (void)memcpy(next, &x[((iy * ${g.inW}) + ix) * ${g.inC}], ${g.inC});
            } else {
              (void)memset(next, ${zero}, ${g.inC});
            }
            next += ${g.inC};
          }`;
  const wholeRow = `
          (void)memcpy(next, &x[((iy * ${g.inW}) + column) * ${g.inC}], ${row});
          next += ${row};`;
  const byRows = isInside(g)
    ? wholeRow
    : `
          if ((iy >= 0) && (iy < ${g.inH}) && (column >= 0) && ((column + ${g.kW}) <= ${g.inW})) {${wholeRow}
          } else {${byPlaces}
          }`;
  return parts.function(
    'gather',
    (name) =>
      `
      static void ${name}(uint32_t *to, const int8_t *x, int32_t oy, int32_t ox) {
        int8_t patch[${steps * 4}];
        int8_t *next = patch;
        const int32_t column = (ox * ${g.sW}) - ${g.left};
        for (int32_t ky = 0; ky < ${g.kH}; ky++) {
          const int32_t iy = (oy * ${g.sH}) - ${g.top} + (ky * ${g.dH});${g.dW === 1 ? byRows : byPlaces}
        }
        ${rest ? `(void)memset(next, 0, ${rest});` : ''}
        (void)${expand}(to, patch, ${steps});
      }
      `,
  );
}
