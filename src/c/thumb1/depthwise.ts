import type { CallOf } from '../../ops/kernel_call.ts';
import { biasOf, channelsOf, type Geometry, geometryOf, isInside, overlapping, weightsOf } from '../geometry.ts';
import { type LayerCode, type Parts, type Placed, twins } from '../parts.ts';
import { overPlanes, planesFunction } from '../planes.ts';
import { backTo, type Columns, channelListing, channelsIn, constant, FRAME, hasColumns } from './depthwise_columns.ts';
import { ASSEMBLY, RESTORE, rescaleText, SAVE } from './listings.ts';
import { signProduct, type ThumbForm, type ThumbForms, thumbForms } from './rescale.ts';

/**
 * Depthwise convolution.
 *
 *   channels  for each channel three words of nine weights (3x3 windows only; other windows have a table of their own), first sum less the
 *             least that counts, range, multiplier, constant, and where the sign counts the product of sum 0 and the tie
 */
export function depthwiseThumb(call: CallOf<'depthwise_conv', Placed>, parts: Parts, tag: string): LayerCode | null {
  const g = geometryOf(call);
  const forms = thumbForms(channelsOf(call));
  if (forms.forms.some((f) => f === null)) return null;
  const zero = -call.parameters.xOffset;
  const rows = Array.from({ length: g.outC }, (_, c) => weightsOf(call, c));
  const scales = (folded: number) =>
    rows.map((row, c) => {
      const bias = row.reduce((sum, v) => sum + v * folded, biasOf(call, c));
      return channelScales(forms, forms.forms[c]!, bias);
    });
  const { x, y, w } = call.operands;
  const places = [parts.operand(y), parts.operand(x)];
  if (hasColumns(g)) {
    const own = scales(0);
    const table = rows.flatMap((row, c) => [...packBytes(row), ...own[c]]);
    const columns: Columns = { g, zero, split: forms.split, shift: forms.shift, sign: forms.sign };
    const args = [...places, parts.table(`${tag}_channels`, 'int32_t', table)];
    const code = (name: string): LayerCode => ({ calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [] });
    if (parts.trade !== 'ram') return code(columnsFunction(parts, columns));
    const kernel = columnsFunction(parts, { ...columns, g: { ...g, inC: 1 }, channels: 1 });
    return overPlanes(code(planesFunction(parts, { g, words: wordsOf(columns), kernel })), g);
  }
  const weights = parts.table(`${tag}_weights`, 'int8_t', w.data as Int8Array);
  const inside = isInside(g);
  const args = [...places, weights, parts.table(`${tag}_scales`, 'int32_t', scales(inside ? -zero : 0).flat())];
  const name = inside ? insideFunction(parts, g, forms) : windowsFunction(parts, g, zero, forms);
  return { calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [], ...overlapping(parts.trade, g, 0) };
}

const channelScales = ({ split, sign }: ThumbForms, f: ThumbForm, bias: number): number[] => [
  (bias - f.least) | 0,
  f.range,
  f.multiplier | 0,
  f.constant,
  ...(sign ? [signProduct(f, split), f.tie] : []),
];

/** Nine weights in three words. */
function packBytes(row: readonly number[]): number[] {
  const bytes = Int8Array.from({ length: 12 }, (_, i) => row[i] ?? 0);
  return [...new Int32Array(bytes.buffer)];
}

const wordsOf = ({ sign }: Columns): number => (sign ? 9 : 7);

function columnsFunction(parts: Parts, columns: Columns): string {
  const { g, zero, split, shift, sign } = columns;
  const words = wordsOf(columns);
  return parts.function('depthwise', (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: ['int8_t *y', 'const int8_t *x', 'const int32_t *channels'],
      listing: listing(columns),
      plain: `
        for (int32_t c = 0; c < ${channelsIn(columns)}; c++) {
          const int32_t *scale = &channels[(c * ${words}) + 3];
          for (int32_t oy = 0; oy < ${g.outH}; oy++) {
            for (int32_t ox = 0; ox < ${g.outW}; ox++) {
              int32_t sum = scale[0];
              for (int32_t k = 0; k < 9; k++) {
                const int32_t iy = (oy * ${g.sH}) - ${g.top} + (k / 3);
                const int32_t ix = (ox * ${g.sW}) - ${g.left} + (k % 3);
                const uint32_t word = (uint32_t)channels[(c * ${words}) + (k / 4)];
                const int32_t weight = (int8_t)((word >> (8 * (k % 4))) & 0xffu);
                if ((iy >= 0) && (iy < ${g.inH}) && (ix >= 0) && (ix < ${g.inW})) {
                  sum += (x[(((iy * ${g.inW}) + ix) * ${g.inC}) + c] - (${zero})) * weight;
                }
              }
              sum = (sum < 0) ? 0 : sum;
              const int32_t t = (sum > scale[1]) ? 0 : (scale[1] - sum);
              ${rescaleText({ split, sign })}
              y[(((oy * ${g.outW}) + ox) * ${g.outC}) + c] = (int8_t)((scale[3] - product) >> ${shift});
            }
          }
        }
      `,
    }),
  );
}

function listing(c: Columns): string[] {
  const { g, split, sign } = c;
  // The frame; then y, x and channels of the next channel, channels left; then r8-r11, r4-r7, lr
  const next = FRAME.bytes;
  const weight = (i: number) => `str r7, [sp, #${FRAME.weights + 4 * i}]`;
  const four = (word: string, i: number) => [
    `sxtb r7, ${word}`,
    weight(i),
    `asrs ${word}, ${word}, #8`,
    `sxtb r7, ${word}`,
    weight(i + 1),
    `asrs ${word}, ${word}, #8`,
    `sxtb r7, ${word}`,
    weight(i + 2),
    `asrs ${word}, ${word}, #8`,
    `str ${word}, [sp, #${FRAME.weights + 4 * (i + 3)}]`,
  ];
  const rows = channelListing(c);
  const pitch = g.inW * g.inC;
  const back = 2 * pitch - g.inC;
  return [
    ...SAVE,
    `sub sp, #${FRAME.bytes + 16}`,
    ...wideConstant('r4', pitch),
    'mov r8, r4',
    ...wideConstant('r4', back),
    'rsbs r4, r4, #0',
    'mov r9, r4',
    ...wideConstant('r4', g.outC),
    'mov r11, r4',
    ...(c.channels === undefined ? [] : wideConstant('r4', c.channels)),
    `str r4, [sp, #${next + 12}]`,
    '1:',
    `str r0, [sp, #${next}]`,
    `str r1, [sp, #${next + 4}]`,
    'mov r10, r0',
    'movs r0, r1',
    'ldm r2!, {r3, r4, r5}',
    ...four('r3', 0),
    ...four('r4', 4),
    'sxtb r5, r5',
    `str r5, [sp, #${FRAME.weights + 32}]`,
    'ldm r2!, {r3, r4, r5, r6}',
    `str r3, [sp, #${FRAME.first}]`,
    `str r4, [sp, #${FRAME.range}]`,
    `str r6, [sp, #${FRAME.constant}]`,
    `lsrs r6, r5, #${split}`,
    `str r6, [sp, #${FRAME.high}]`,
    `lsls r5, r5, #${32 - split}`,
    `lsrs r5, r5, #${32 - split}`,
    `str r5, [sp, #${FRAME.low}]`,
    ...(sign ? ['ldm r2!, {r3, r4}', `str r3, [sp, #${FRAME.zero}]`, `str r4, [sp, #${FRAME.tie}]`] : []),
    `str r2, [sp, #${next + 8}]`,
    ...rows,
    `ldr r0, [sp, #${next}]`,
    `ldr r1, [sp, #${next + 4}]`,
    `ldr r2, [sp, #${next + 8}]`,
    'adds r0, #1',
    'adds r1, #1',
    `ldr r3, [sp, #${next + 12}]`,
    'subs r3, r3, #1',
    `str r3, [sp, #${next + 12}]`,
    'beq 2f',
    backTo(1, ['1:', ...rows, ...rows.slice(0, 60)]),
    '2:',
    `add sp, #${FRAME.bytes + 16}`,
    ...RESTORE,
  ];
}

const wideConstant = (register: string, value: number): string[] =>
  value < 65536
    ? constant(register, value)
    : [...constant(register, value >> 8), `lsls ${register}, ${register}, #8`, `adds ${register}, #${value & 255}`];

/** Windows that never leave the image, in C; the zero point is in the first sum. */
function insideFunction(parts: Parts, g: Geometry, { split, shift, sign }: ThumbForms): string {
  const words = sign ? 6 : 4;
  const multiplier = g.outC / g.inC;
  const input = multiplier === 1 ? 'oc' : `(oc / ${multiplier})`;
  return parts.function(
    'depthwise',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *scales) {
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t oy = 0; oy < ${g.outH}; oy++) {
            for (int32_t ox = 0; ox < ${g.outW}; ox++) {
              const int32_t *scale = scales;
              for (int32_t oc = 0; oc < ${g.outC}; oc++) {
                const int8_t *pixel = &x[(((oy * ${g.sH * g.inW}) + (ox * ${g.sW})) * ${g.inC}) + ${input}];
                const int8_t *weight = &weights[oc];
                int32_t sum = scale[0];
                ${sumText(g)}
                sum = (sum < 0) ? 0 : sum;
                const int32_t t = (sum > scale[1]) ? 0 : (scale[1] - sum);
                ${halvesText(split, sign)}
                *y = (int8_t)((scale[3] - product) >> ${shift});
                y++;
                scale += ${words};
              }
            }
          }
          x += ${g.inH * g.inW * g.inC};
        }
      }
      `,
  );
}

/** Windows of at most this many places are written out. */
const FEW_PLACES = 4;

/** Products of a window, from `pixel` and `weight` on, into `sum`. */
function sumText(g: Geometry): string {
  const places = g.kH * g.kW;
  if (places <= FEW_PLACES) {
    const at = (k: number) => (Math.floor(k / g.kW) * g.dH * g.inW + (k % g.kW) * g.dW) * g.inC;
    return Array.from({ length: places }, (_, k) => `sum += pixel[${at(k)}] * weight[${k * g.outC}];`).join('\n                ');
  }
  const [count, step] = g.kW === 1 ? [g.kH, g.dH * g.inW * g.inC] : [g.kW, g.dW * g.inC];
  const row = `for (int32_t k = ${count}; k > 0; k--) {
                  sum += *pixel * *weight;
                  pixel += ${step};
                  weight += ${g.outC};
                }`;
  if (g.kW === 1 || g.kH === 1) return row;
  return `for (int32_t ky = ${g.kH}; ky > 0; ky--) {
                  ${row}
                  pixel += ${(g.dH * g.inW - g.kW * g.dW) * g.inC};
                }`;
}

/** Any window, in C. */
function windowsFunction(parts: Parts, g: Geometry, zero: number, { split, shift, sign }: ThumbForms): string {
  const words = sign ? 6 : 4;
  const multiplier = g.outC / g.inC;
  const input = multiplier === 1 ? 'oc' : `(oc / ${multiplier})`;
  return parts.function(
    'depthwise',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *scales) {
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t oy = 0; oy < ${g.outH}; oy++) {
            for (int32_t ox = 0; ox < ${g.outW}; ox++) {
              for (int32_t oc = 0; oc < ${g.outC}; oc++) {
                const int32_t *scale = &scales[oc * ${words}];
                int32_t sum = scale[0];
                for (int32_t ky = 0; ky < ${g.kH}; ky++) {
                  const int32_t iy = (oy * ${g.sH}) - ${g.top} + (ky * ${g.dH});
                  for (int32_t kx = 0; kx < ${g.kW}; kx++) {
                    const int32_t ix = (ox * ${g.sW}) - ${g.left} + (kx * ${g.dW});
                    if ((iy >= 0) && (iy < ${g.inH}) && (ix >= 0) && (ix < ${g.inW})) {
                      sum += (x[(((iy * ${g.inW}) + ix) * ${g.inC}) + ${input}] - (${zero})) *
                          weights[(((ky * ${g.kW}) + kx) * ${g.outC}) + oc];
                    }
                  }
                }
                sum = (sum < 0) ? 0 : sum;
                const int32_t t = (sum > scale[1]) ? 0 : (scale[1] - sum);
                ${halvesText(split, sign)}
                *y = (int8_t)((scale[3] - product) >> ${shift});
                y++;
              }
            }
          }
          x += ${g.inH * g.inW * g.inC};
        }
      }
      `,
  );
}

/** From `t` to `product` in 32 bits. */
function halvesText(split: number, sign: boolean): string {
  const product = `const uint32_t multiplier = (uint32_t)scale[2];
                const uint32_t low = ((uint32_t)t * (multiplier & ${2 ** split - 1}u)) >> ${split};
                int32_t product = (int32_t)(((uint32_t)t * (multiplier >> ${split})) + low);`;
  return sign
    ? `${product}
                product += (product > scale[4]) ? scale[5] : 0;`
    : product;
}
