import type { CallOf } from '../../ops/kernel_call.ts';
import { biasOf, channelsOf, type Geometry, geometryOf, isInside, overlapping, weightsOf } from '../geometry.ts';
import type { Argument, LayerCode, Parts, Placed } from '../parts.ts';
import { ofEach } from '../rescale.ts';
import { copyCall, copyFunction, fillFunction } from './copy.ts';
import { channelScales, matrixFunction, packPairs } from './matrix.ts';
import { type MveForm, mveForm, type ProductKind, storedVectors, VECTOR, vectorsOf } from './rescale.ts';
import { GROUP, groupScales, packGroups, rowsFunction } from './rows.ts';
import { type Strip, stripFunction, stripOf, stripOrder } from './strips.ts';

/** Convolution by blocks of four pixels and two channels, or of one pixel and four; null where a channel has no such form. */
export function convolveMve(call: CallOf<'convolve', Placed>, parts: Parts, tag: string): LayerCode | null {
  const g = geometryOf(call);
  const { x, y } = call.operands;
  if (g.groups > 1 || g.outC < GROUP) return null;
  const found = ofEach(channelsOf(call), mveForm);
  if (found.some((f) => f === null)) return null;
  const forms = found as MveForm[];
  const { xOffset, yOffset, yMin, yMax } = call.parameters;
  const kind: ProductKind = {
    sign: forms.some((f) => f.sign),
    yOffset,
    clamp: yMin === -128 && yMax === 127 ? null : [yMin, yMax],
    nibbles: call.form === 's4',
  };
  const rows = Array.from({ length: g.outC }, (_, c) => weightsOf(call, c));
  const biases = rows.map((row, c) => row.reduce((sum, w) => sum + w * xOffset, biasOf(call, c)) | 0);
  const vectors = vectorsOf(rows[0].length);
  const args = (weights: Int8Array, scales: readonly number[]): Argument[] => [
    parts.operand(y),
    parts.operand(x),
    parts.table(`${tag}_weights`, 'int8_t', weights),
    parts.table(`${tag}_scales`, 'int32_t', scales),
  ];
  const pixels = pixelsOf(g);
  const stored = storedVectors(vectors, kind.nibbles);
  if (pixels < 3) {
    const inner = rowsFunction(parts, kind, vectors);
    const name = pixelsFunction(parts, { g, zero: -xOffset, vectors, pixels, stored }, inner);
    const call = {
      function: name,
      arguments: [...args(packGroups(rows, kind.nibbles), groupScales(biases, forms)), 'scratch' as const],
    };
    return { calls: [call], scratchBytes: vectors * VECTOR, notes: [], ...overlapping(parts.trade, g, 0) };
  }
  const even = g.outC - (g.outC % 2);
  const order = Array.from({ length: g.outC + (g.outC % 2) }, (_, i) => (i < even ? i : i - 1));
  const strip = stripOf(g, pixels);
  const weights = packPairs(
    order.map((c) => (strip ? stripOrder(g, rows[c]) : rows[c])),
    kind.nibbles,
  );
  const scales = channelScales(
    order.map((c) => biases[c]),
    order.map((c) => forms[c]),
  );
  const over = (behind: number) => overlapping(parts.trade, g, behind);
  const layout: Layout = { g, zero: -xOffset, vectors, pixels, stored };
  const matrix = (pitchX: number) => matrixFunction(parts, kind, { vectors, pixels, pitchX, pitchY: g.outC });
  if (isDirect(g)) {
    const name = directFunction(parts, layout, matrix(g.inC));
    return { calls: [{ function: name, arguments: args(weights, scales) }], scratchBytes: 0, notes: [], ...over(2 * pixels) };
  }
  const name = strip
    ? stripsFunction(parts, layout, strip, matrix(g.sW * g.kH * g.inC))
    : blocksFunction(parts, layout, matrix(vectors * VECTOR));
  const scratchBytes = strip ? strip.bytes + VECTOR : pixels * vectors * VECTOR;
  return {
    calls: [{ function: name, arguments: [...args(weights, scales), 'scratch'] }],
    scratchBytes,
    notes: [],
    ...over(2 * (strip ? g.outW : pixels)),
  };
}

interface Layout {
  readonly g: Geometry;
  readonly zero: number;
  readonly vectors: number;
  readonly pixels: number;
  /** Vectors of a channel's weights in memory. */
  readonly stored: number;
}

/** Pixels of a block: four, or three where these leave less over; fewer where there are no more. */
function pixelsOf(g: Geometry): number {
  const all = g.outH * g.outW;
  if (all < 3) return all;
  return Math.ceil(all / 3) * 11 < Math.ceil(all / 4) * 14 ? 3 : 4;
}

/** Whether pixels can be read where they lie. */
const isDirect = (g: Geometry): boolean => {
  const one = g.kH * g.kW === 1 && g.sH === 1 && g.sW === 1 && g.top === 0 && g.left === 0;
  return one && g.inC % VECTOR === 0 && g.outH === g.inH && g.outW === g.inW;
};

/** Products of a block; an odd number of channels ends with a pair that overlaps the one before it. */
function products({ g, stored }: Layout, matrix: string, x: string): string {
  const pairs = Math.floor(g.outC / 2);
  const all = [`${matrix}(out, ${x}, weights, scales, ${pairs});`];
  if (g.outC % 2) {
    all.push(`${matrix}(&out[${g.outC - 2}], ${x}, &weights[${pairs * 2 * stored * VECTOR}], &scales[${pairs * 6}], 1);`);
  }
  return all.join('\n            ');
}

/** Pixels are read where they lie. */
function directFunction(parts: Parts, layout: Layout, matrix: string): string {
  const { g, pixels: block } = layout;
  const pixels = g.images * g.outH * g.outW;
  return parts.function(
    'convolve',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *scales) {
        for (int32_t done = 0; done < ${pixels}; done += ${block}) {
          const int32_t first = (done < ${pixels - block}) ? done : ${pixels - block};
          int8_t *out = &y[first * ${g.outC}];
          const int8_t *in = &x[first * ${g.inC}];
          ${products(layout, matrix, 'in')}
        }
      }
      `,
  );
}

/** Rows of outputs, a strip of the image at a time. */
function stripsFunction(parts: Parts, layout: Layout, strip: Strip, matrix: string): string {
  const { g, zero, pixels: block } = layout;
  const fill = stripFunction(parts, g, strip, zero);
  const last = strip.outputs - block;
  return parts.function(
    'convolve',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *scales, uint32_t *scratch) {
        int8_t *strip = (int8_t *)scratch;
        (void)memset(&strip[${strip.bytes}], 0, ${VECTOR});
        for (int32_t row = 0; row < ${g.images * g.outH}; row++) {
          const int8_t *image = &x[(row / ${g.outH}) * ${g.inH * g.inW * g.inC}];
          for (int32_t begin = 0; begin < ${g.outW}; begin += ${strip.outputs}) {
            const int32_t ox = (begin < ${g.outW - strip.outputs}) ? begin : ${g.outW - strip.outputs};
            ${fill}(strip, image, row % ${g.outH}, ox);
            for (int32_t done = 0; done < ${strip.outputs}; done += ${block}) {
              const int32_t first = ${last % block ? `(done < ${last}) ? done : ${last}` : 'done'};
              int8_t *out = &y[((row * ${g.outW}) + ox + first) * ${g.outC}];
              const int8_t *in = &strip[first * ${g.sW * g.kH * g.inC}];
              ${products(layout, matrix, 'in')}
            }
          }
        }
      }
      `,
  );
}

function blocksFunction(parts: Parts, layout: Layout, matrix: string): string {
  const { g, zero, vectors, pixels: block } = layout;
  const pixels = g.outH * g.outW;
  const gather = gatherFunction(parts, g, zero);
  const depth = g.kH * g.kW * g.inC;
  const clear = depth % VECTOR ? `${fillFunction(parts)}(block, 0, ${block * vectors * VECTOR});` : '';
  return parts.function(
    'convolve',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *scales, uint32_t *scratch) {
        int8_t *block = (int8_t *)scratch;
        ${clear}
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t done = 0; done < ${pixels}; done += ${block}) {
            const int32_t first = (done < ${pixels - block}) ? done : ${pixels - block};
            int8_t *out = &y[((image * ${pixels}) + first) * ${g.outC}];
            for (int32_t p = 0; p < ${block}; p++) {
              ${gather}(&block[${vectors * VECTOR} * p], &x[image * ${g.inH * g.inW * g.inC}], (first + p) / ${g.outW}, (first + p) % ${g.outW});
            }
            ${products(layout, matrix, 'block')}
          }
        }
      }
      `,
  );
}

function pixelsFunction(parts: Parts, { g, zero, vectors, stored }: Layout, rows: string): string {
  const gather = gatherFunction(parts, g, zero);
  const pixels = g.outH * g.outW;
  const groups = Math.floor(g.outC / GROUP);
  const at = groups * GROUP;
  const last = `${rows}(&y[${g.outC - GROUP}], block, &weights[${at * stored * VECTOR}], &scales[${at * 3}], 1);`;
  return parts.function(
    'convolve',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *scales, uint32_t *scratch) {
        int8_t *block = (int8_t *)scratch;
        ${fillFunction(parts)}(block, 0, ${vectors * VECTOR});
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t pixel = 0; pixel < ${pixels}; pixel++) {
            ${gather}(block, &x[image * ${g.inH * g.inW * g.inC}], pixel / ${g.outW}, pixel % ${g.outW});
            ${rows}(y, block, weights, scales, ${groups});
            ${g.outC % GROUP ? last : ''}
            y += ${g.outC};
          }
        }
      }
      `,
  );
}

/** `void NAME(int8_t *to, const int8_t *x, int32_t oy, int32_t ox)`: the window of one output pixel. */
function gatherFunction(parts: Parts, g: Geometry, zero: number): string {
  const copy = copyFunction(parts);
  const row = g.kW * g.inC;
  if (isInside(g) && g.dW === 1) {
    return parts.function(
      'gather',
      (name) =>
        `
        static void ${name}(int8_t *to, const int8_t *x, int32_t oy, int32_t ox) {
          const int8_t *from = &x[((oy * ${g.sH * g.inW}) + (ox * ${g.sW})) * ${g.inC}];
          for (int32_t ky = 0; ky < ${g.kH}; ky++) {
            ${copyCall(parts, 'to', 'from', row)};
            to += ${row};
            from += ${g.dH * g.inW * g.inC};
          }
        }
        `,
    );
  }
  const fill = fillFunction(parts);
  if (g.dW === 1) {
    return parts.function(
      'gather',
      (name) =>
        `
        static void ${name}(int8_t *to, const int8_t *x, int32_t oy, int32_t ox) {
          const int32_t ix = (ox * ${g.sW}) - ${g.left};
          const int32_t before = (ix < 0) ? -ix : 0;
          const int32_t end = ((ix + ${g.kW}) > ${g.inW}) ? (${g.inW} - ix) : ${g.kW};
          for (int32_t ky = 0; ky < ${g.kH}; ky++) {
            const int32_t iy = (oy * ${g.sH}) - ${g.top} + (ky * ${g.dH});
            if ((iy < 0) || (iy >= ${g.inH})) {
              ${fill}(to, ${zero}, ${row});
            } else {
              const int8_t *from = &x[((iy * ${g.inW}) + ix) * ${g.inC}];
              if ((end - before) == ${g.kW}) {
                ${copyCall(parts, 'to', 'from', row)};
              } else {
                ${fill}(to, ${zero}, ${row});
                ${copy}(&to[before * ${g.inC}], &from[before * ${g.inC}], (end - before) * ${g.inC});
              }
            }
            to += ${row};
          }
        }
        `,
    );
  }
  return parts.function(
    'gather',
    (name) =>
      `
      static void ${name}(int8_t *to, const int8_t *x, int32_t oy, int32_t ox) {
        for (int32_t ky = 0; ky < ${g.kH}; ky++) {
          const int32_t iy = (oy * ${g.sH}) - ${g.top} + (ky * ${g.dH});
          for (int32_t kx = 0; kx < ${g.kW}; kx++) {
            const int32_t ix = (ox * ${g.sW}) - ${g.left} + (kx * ${g.dW});
            if ((iy >= 0) && (iy < ${g.inH}) && (ix >= 0) && (ix < ${g.inW})) {
              ${copy}(to, &x[((iy * ${g.inW}) + ix) * ${g.inC}], ${g.inC});
            } else {
              ${fill}(to, ${zero}, ${g.inC});
            }
            to += ${g.inC};
          }
        }
      }
      `,
  );
}
