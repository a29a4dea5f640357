import type { CallOf } from '../../ops/kernel_call.ts';
import { biasOf, channelsOf, type Geometry, geometryOf, isInside, overlapping, weightsOf } from '../geometry.ts';
import { type Argument, type LayerCode, type Parts, type Placed, twins } from '../parts.ts';
import { ASSEMBLY } from './listings.ts';
import { canCorrect, depthOf, matrixFunction, matrixScales, packNibbleRows, packRows } from './matrix.ts';
import { thumbForms } from './rescale.ts';
import { unitsOfLayer } from './units.ts';

/** Pixels of a block. */
const BLOCK = 4;

/** Convolution by blocks of four pixels; null where a channel has no such form. */
export function convolveThumb(call: CallOf<'convolve', Placed>, parts: Parts, tag: string): LayerCode | null {
  const g = geometryOf(call);
  const { x, y } = call.operands;
  const rows = Array.from({ length: g.outC }, (_, c) => weightsOf(call, c));
  const nibbles = call.form === 's4';
  const depth = depthOf(rows[0].length, nibbles);
  if (g.groups > 1) return null;
  if (g.outH * g.outW < BLOCK) return fewPixels(call, parts, tag, g, depth);
  if (!canCorrect(depth, g.outC)) return null;
  const forms = thumbForms(channelsOf(call));
  if (forms.forms.some((f) => f === null)) return null;
  const { xOffset } = call.parameters;
  const biases = rows.map((row, c) => row.reduce((sum, w) => sum + w * xOffset, biasOf(call, c)));
  const { weights, corrections } = nibbles ? { weights: packNibbleRows(rows), corrections: [] } : packRows(rows);
  const corrected = corrections.length > 0;
  const matrix = matrixFunction(parts, { ...forms, corrected, nibbles });
  const name = convolveFunction(parts, { g, zero: -xOffset, depth, corrected, nibbles }, matrix);
  const args: Argument[] = [
    parts.operand(y),
    parts.operand(x),
    parts.table(`${tag}_weights`, nibbles ? 'uint32_t' : 'int8_t', weights),
    parts.table(`${tag}_scales`, 'int32_t', matrixScales(forms, biases)),
    ...(corrected ? [parts.table(`${tag}_corrections`, 'uint32_t', corrections)] : []),
    'scratch',
  ];
  return {
    calls: [{ function: name, arguments: args }],
    scratchBytes: 8 * depth + g.inC,
    notes: [],
    ...overlapping(parts.trade, g, 2 * BLOCK),
  };
}

/** Fewer pixels than a block: each is a row of inputs of a dense layer. */
function fewPixels(call: CallOf<'convolve', Placed>, parts: Parts, tag: string, g: Geometry, depth: number): LayerCode | null {
  const product = unitsOfLayer(call, parts, tag);
  if (!product) return null;
  const zero = -call.parameters.xOffset;
  const name = parts.function(
    'convolve',
    (n) =>
      `
      static void ${n}(int8_t *y, const int8_t *x, const uint32_t *weights, const int32_t *scales, uint32_t *scratch) {
        int8_t *window = (int8_t *)scratch;
        (void)memset(window, 0, ${depth});
        for (int32_t pixel = 0; pixel < ${g.images * g.outH * g.outW}; pixel++) {
          const int8_t *image = &x[(pixel / ${g.outH * g.outW}) * ${g.inH * g.inW * g.inC}];
          const int32_t oy = (pixel / ${g.outW}) % ${g.outH};
          int8_t *to = window;
          for (int32_t ky = 0; ky < ${g.kH}; ky++) {
            const int32_t iy = (oy * ${g.sH}) - ${g.top} + (ky * ${g.dH});
            for (int32_t kx = 0; kx < ${g.kW}; kx++) {
              const int32_t ix = ((pixel % ${g.outW}) * ${g.sW}) - ${g.left} + (kx * ${g.dW});
              if ((iy >= 0) && (iy < ${g.inH}) && (ix >= 0) && (ix < ${g.inW})) {
                (void)memcpy(to, &image[((iy * ${g.inW}) + ix) * ${g.inC}], ${g.inC});
              } else {
                (void)memset(to, ${zero}, ${g.inC});
              }
              to += ${g.inC};
            }
          }
          ${product.text('y', 'window', false)}
          y += ${g.outC};
        }
      }
      `,
  );
  const { x, y } = call.operands;
  const args: Argument[] = [parts.operand(y), parts.operand(x), product.weights, product.scales, 'scratch'];
  return { calls: [{ function: name, arguments: args }], scratchBytes: depth, notes: [], ...overlapping(parts.trade, g, 0) };
}

interface Layout {
  readonly g: Geometry;
  readonly zero: number;
  readonly depth: number;
  readonly corrected: boolean;
  /** Weights of 4 bits. */
  readonly nibbles: boolean;
}

function convolveFunction(parts: Parts, { g, zero, depth, corrected, nibbles }: Layout, matrix: string): string {
  const pixels = g.outH * g.outW;
  const gather = gatherFunction(parts, g);
  const inputs = g.kH * g.kW * g.inC;
  const clear = depth > inputs ? `(void)memset(&block[${2 * inputs}], 0, ${8 * (depth - inputs)});` : '';
  return parts.function(
    'convolve',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const ${nibbles ? 'uint32_t' : 'int8_t'} *weights, const int32_t *scales${corrected ? ', const uint32_t *corrections' : ''},
          uint32_t *block) {
        int8_t *zeros = (int8_t *)&block[${2 * depth}];
        (void)memset(zeros, ${zero}, ${g.inC});
        ${clear}
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t done = 0; done < ${pixels}; done += ${BLOCK}) {
            const int32_t first = (done < ${pixels - BLOCK}) ? done : ${pixels - BLOCK};
            ${gather}(block, &x[image * ${g.inH * g.inW * g.inC}], zeros, first);
            ${matrix}(&y[((image * ${pixels}) + first) * ${g.outC}], block, weights, scales, ${g.outC}, ${depth}, ${g.outC}${corrected ? ', corrections' : ''});
          }
        }
      }
      `,
  );
}

/** `void NAME(uint32_t *to, const int8_t *x, const int8_t *zeros, int32_t first)`: the windows of four pixels as pairs in words. */
function gatherFunction(parts: Parts, g: Geometry): string {
  const pack = packFunction(parts);
  const inside = isInside(g);
  const flat = g.dW === 1;
  const row = g.kW * g.inC;
  const wholeRows = `
          for (int32_t ky = 0; ky < ${g.kH}; ky++) {
            to = ${pack}(to, from, ${row});
            for (int32_t p = 0; p < 4; p++) {
              from[p] += ${g.dH * g.inW * g.inC};
            }
          }`;
  const test = `
          outside |= ((iy < 0) || ((iy + ${(g.kH - 1) * g.dH}) >= ${g.inH}) || (ix < 0) || ((ix + ${(g.kW - 1) * g.dW}) >= ${g.inW})) ? 1 : 0;`;
  const byPlaces = `
        for (int32_t ky = 0; ky < ${g.kH}; ky++) {
          for (int32_t kx = 0; kx < ${g.kW}; kx++) {
            const int8_t *place[4];
            for (int32_t p = 0; p < 4; p++) {
              const int32_t y = rows[p] + (ky * ${g.dH});
              const int32_t column = columns[p] + (kx * ${g.dW});
              place[p] = zeros;
              if ((y >= 0) && (y < ${g.inH}) && (column >= 0) && (column < ${g.inW})) {
                place[p] = &x[((y * ${g.inW}) + column) * ${g.inC}];
              }
            }
            to = ${pack}(to, place, ${g.inC});
          }
        }`;
  // Divisions are dear on cores that have none: once for each pixel.
  const places = (
    keep: boolean,
    from: boolean,
  ) => `${from ? '\n        const int8_t *from[4];' : ''}${keep ? '\n        int32_t rows[4];\n        int32_t columns[4];' : ''}
        for (int32_t p = 0; p < 4; p++) {
          const int32_t pixel = first + p;
          const int32_t iy = ((pixel / ${g.outW}) * ${g.sH}) - ${g.top};
          const int32_t ix = ((pixel % ${g.outW}) * ${g.sW}) - ${g.left};${keep ? '\n          rows[p] = iy;\n          columns[p] = ix;' : ''}${keep && from ? test : ''}${from ? `\n          from[p] = &x[((iy * ${g.inW}) + ix) * ${g.inC}];` : ''}
        }`;
  const body =
    inside && flat
      ? `${places(false, true)}
        (void)zeros;${wholeRows}`
      : flat
        ? `
        int32_t outside = 0;${places(true, true)}
        if (outside == 0) {${wholeRows}
          return;
        }${byPlaces}`
        : `${places(true, false)}${byPlaces}`;
  return parts.function(
    'gather',
    (name) =>
      `
      static void ${name}(uint32_t *to, const int8_t *x, const int8_t *zeros, int32_t first) {${body}
      }
      `,
  );
}

/** `uint32_t *NAME(uint32_t *to, const int8_t *const from[4], int32_t n)`: n values of four pixels, two words for each. */
function packFunction(parts: Parts): string {
  const one = [
    'ldrsb r6, [r2, r1]',
    'ldrsb r7, [r3, r1]',
    'lsls r7, r7, #16',
    'adds r6, r6, r7',
    'stm r0!, {r6}',
    'ldrsb r6, [r4, r1]',
    'ldrsb r7, [r5, r1]',
    'lsls r7, r7, #16',
    'adds r6, r6, r7',
    'stm r0!, {r6}',
    'adds r1, r1, #1',
  ];
  return parts.function('pack', (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      returns: 'uint32_t *',
      parameters: ['uint32_t *to', 'const int8_t *const from[4]', 'int32_t n'],
      listing: [
        'push {r4, r5, r6, r7, lr}',
        'movs r6, r2',
        'ldm r1!, {r2, r3, r4, r5}',
        // Pointers to the ends; the index rises to 0.
        'adds r2, r2, r6',
        'adds r3, r3, r6',
        'adds r4, r4, r6',
        'adds r5, r5, r6',
        'rsbs r1, r6, #0',
        'lsrs r6, r6, #1',
        'bcc 1f',
        ...one,
        'beq 2f',
        '1:',
        ...one,
        ...one,
        'bne 1b',
        '2:',
        'pop {r4, r5, r6, r7, pc}',
      ],
      plain: `
        for (int32_t i = 0; i < n; i++) {
          to[0] = (uint32_t)from[0][i] + ((uint32_t)from[1][i] << 16);
          to[1] = (uint32_t)from[2][i] + ((uint32_t)from[3][i] << 16);
          to += 2;
        }
        return to;
      `,
    }),
  );
}
