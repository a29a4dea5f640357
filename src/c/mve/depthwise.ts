import type { CallOf } from '../../ops/kernel_call.ts';
import { belowInput, biasOf, channelsOf, type Geometry, geometryOf, weightsOf } from '../geometry.ts';
import { type LayerCode, type Parts, type Placed, twins } from '../parts.ts';
import { ofEach } from '../rescale.ts';
import { fillFunction } from './copy.ts';
import {
  ASSEMBLY,
  clampListing,
  constant,
  type MveForm,
  type MveKind,
  mveForm,
  rescaleText,
  signListing,
  VECTOR,
} from './rescale.ts';

/**
 * Depthwise convolution, an output row of a few channels at a time. The rows that its windows cover are spread into strips, one for each
 * channel, column by column: the window of an output is then one piece of its channel's strip, and one vector product.
 *
 *   weights  for each channel its window, column by column
 *   scales   for each four channels: four biases (zero point of the input included), four multipliers, four shifts
 */
interface Strips {
  readonly g: Geometry;
  readonly kind: MveKind;
  readonly zero: number;
  /** Channels that are spread at once: 4, 8 or 16. */
  readonly block: number;
  /** Columns of a strip, with those outside the image. */
  readonly columns: number;
  /** Bytes from one channel's strip to the next. */
  readonly pitch: number;
}

export function depthwiseMve(call: CallOf<'depthwise_conv', Placed>, parts: Parts, tag: string): LayerCode | null {
  const g = timeAlongRow(geometryOf(call));
  const { xOffset, yOffset, yMin, yMax } = call.parameters;
  if (!hasStrips(g)) return null;
  const found = ofEach(channelsOf(call), mveForm);
  if (found.some((f) => f === null)) return null;
  const forms = found as MveForm[];
  const clamp = yMin === -128 && yMax === 127 ? null : ([yMin, yMax] as const);
  const kind: MveKind = { sign: forms.some((f) => f.sign), yOffset, clamp };
  const columns = (g.outW - 1) * g.sW + g.kW;
  const pitch = columns * g.kH;
  const block = [16, 8, 4].find((n) => g.inC % n === 0 && (n === 4 || n * pitch <= LARGEST_STRIPS))!;
  const strips: Strips = { g, kind, zero: -xOffset, block, columns, pitch };
  const rows = forms.map((_, c) => weightsOf(call, c));
  const biases = rows.map((row, c) => row.reduce((sum, w) => sum + w * xOffset, biasOf(call, c)) | 0);
  const weights = rows.flatMap((row) => byColumns(g, row));
  const scales: number[] = [];
  for (let c = 0; c < g.outC; c += 4) {
    const four = forms.slice(c, c + 4);
    scales.push(...biases.slice(c, c + 4), ...four.map((f) => f.multiplier), ...four.map((f) => f.shift));
  }
  const { x, y } = call.operands;
  // A block of channels is computed in all rows before the next one: outputs must land on inputs of the same channels.
  const overlap = parts.trade === 'ram' && g.images === 1 ? { overlap: { below: belowInput(g, g.outW), multiple: g.inC } } : {};
  const args = [
    parts.operand(y),
    parts.operand(x),
    parts.table(`${tag}_weights`, 'int8_t', weights),
    parts.table(`${tag}_scales`, 'int32_t', scales),
    'scratch' as const,
  ];
  return {
    calls: [{ function: driver(parts, strips), arguments: args }],
    scratchBytes: block * pitch + VECTOR,
    notes: [],
    ...overlap,
  };
}

const LARGEST_STRIPS = 2048;

const hasStrips = (g: Geometry): boolean =>
  g.outC === g.inC && g.inC % 4 === 0 && g.kH * g.kW <= VECTOR && g.dH === 1 && g.dW === 1 && g.kH * g.sW < 128;

/** An image of one column is one of one row: its window is then one piece of the strip. */
function timeAlongRow(g: Geometry): Geometry {
  if (g.inW !== 1 || g.outW !== 1 || g.kW !== 1) return g;
  return { ...g, inH: 1, inW: g.inH, outH: 1, outW: g.outH, kH: 1, kW: g.kH, sH: 1, sW: g.sH, top: 0, left: g.top };
}

const byColumns = (g: Geometry, row: readonly number[]): number[] =>
  row.map((_, i) => row[(i % g.kH) * g.kW + Math.floor(i / g.kH)]);

function driver(parts: Parts, s: Strips): string {
  const { g, block, pitch } = s;
  const fill = fillFunction(parts);
  const spread = spreadFunction(parts, s);
  const windows = windowsFunction(parts, s);
  const over = (g.outH - 1) * g.sH - g.top + g.kH > g.inH;
  const padded = g.top > 0 || g.left > 0 || over || s.columns > g.inW;
  const before = g.top ? '(top < 0) ? -top : 0' : '0';
  const after = over ? `((top + ${g.kH}) > ${g.inH}) ? (top - ${g.inH - g.kH}) : 0` : '0';
  return parts.function(
    'depthwise',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *scales, uint32_t *scratch) {
        int8_t *strips = (int8_t *)scratch;
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t c = 0; c < ${g.inC}; c += ${block}) {
            ${padded ? `${fill}(strips, ${s.zero}, ${block * pitch + VECTOR});` : ''}
            for (int32_t oy = 0; oy < ${g.outH}; oy++) {
              const int32_t top = (oy * ${g.sH}) - ${g.top};
              const int32_t before = ${before};
              const int32_t after = ${after};
              ${spread}(&strips[${g.left * g.kH} + before], &x[((top + before) * ${g.inW * g.inC}) + c], ${g.kH} - before - after, after);
              ${windows}(&y[(oy * ${g.outW * g.outC}) + c], strips, &weights[c * ${g.kH * g.kW}], &scales[c * 3]);
            }
          }
          x += ${g.inH * g.inW * g.inC};
          y += ${g.outH * g.outW * g.outC};
        }
      }
      `,
  );
}

/** How many columns of the image the strip takes. */
const taken = ({ g, columns }: Strips): number => Math.min(g.inW, columns - g.left);

/** Rows of up to this many columns are written out. */
const FEW_COLUMNS = 6;

/** `void NAME(int8_t *to, const int8_t *from, int32_t rows, int32_t zeros)`: rows of the image, a block of channels, into their strips; then rows outside it. */
function spreadFunction(parts: Parts, s: Strips): string {
  const { g, block, pitch, zero } = s;
  return parts.function('spread', (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: ['int8_t *to', 'const int8_t *from', 'int32_t rows', 'int32_t zeros'],
      listing: spreadListing(s),
      plain: `
        for (int32_t row = 0; row < (rows + zeros); row++) {
          for (int32_t column = 0; column < ${taken(s)}; column++) {
            for (int32_t c = 0; c < ${block}; c++) {
              to[(c * ${pitch}) + (column * ${g.kH}) + row] =
                  (row < rows) ? from[(((row * ${g.inW}) + column) * ${g.inC}) + c] : ${zero};
            }
          }
        }
      `,
    }),
  );
}

/** Registers: r0 to, r1 from, r2 rows, r3 zeros; r12 free. Offsets of channels in q2 (even ones of 16, or all) and q3 (odd ones). */
function spreadListing(s: Strips): string[] {
  const { g, block, pitch, zero } = s;
  const n = taken(s);
  const lane = block === 4 ? 32 : 16;
  const step = block === 16 ? 2 * pitch : pitch;
  const store = block === 4 ? 'vstrb.32' : 'vstrb.16';
  const widening = g.inC < 128;
  const load =
    block === 16
      ? `vldrw.u32 q0, [r1]${g.inC <= 508 ? `, #${g.inC}` : ''}`
      : `vldrb.u${lane} q0, [r1]${widening ? `, #${g.inC}` : ''}`;
  const moved = block === 16 ? g.inC <= 508 : widening;
  const stores = [
    ...(block === 16 ? ['vshr.u16 q1, q0, #8', `${store} q0, [r0, q2]`, `${store} q1, [r0, q3]`] : [`${store} q0, [r0, q2]`]),
    `adds r0, #${g.kH}`,
  ];
  const column = [load, ...(moved ? [] : [`addw r1, r1, #${g.inC}`]), ...stores];
  const repeated = (body: readonly string[], label: string) =>
    n <= FEW_COLUMNS
      ? Array.from({ length: n }, () => body).flat()
      : [`movw r12, #${n}`, 'dls lr, r12', `${label}:`, ...body, `le lr, ${label}b`];
  const backTo = `sub r0, r0, #${n * g.kH - 1}`.replace('sub r0, r0, #', 'subw r0, r0, #');
  const forward = (g.inW - n) * g.inC;
  return [
    'push {lr}',
    'movw r12, #0',
    `vidup.u${lane} q2, r12, #1`,
    `movw r12, #${step}`,
    `vmul.i${lane} q2, q2, r12`,
    ...(block === 16 ? [`movw r12, #${pitch}`, `vadd.i16 q3, q2, r12`] : []),
    'cbz r2, 3f',
    '1:',
    ...repeated(column, '2'),
    backTo,
    ...(forward ? [`movw r12, #${forward}`, 'add r1, r1, r12'] : []),
    'subs r2, #1',
    'bne 1b',
    '3:',
    'cbz r3, 6f',
    ...constant('r12', zero),
    'vdup.8 q0, r12',
    '4:',
    ...repeated(
      stores.filter((l) => !l.startsWith('vshr')).map((l) => l.replace('q1,', 'q0,')),
      '5',
    ),
    backTo,
    'subs r3, #1',
    'bne 4b',
    '6:',
    'pop {pc}',
  ];
}

/** `void NAME(int8_t *y, const int8_t *strips, const int8_t *weights, const int32_t *scales)`: a row of outputs of a block of channels. */
function windowsFunction(parts: Parts, s: Strips): string {
  const { g, block, pitch, kind } = s;
  const places = g.kH * g.kW;
  return parts.function('windows', (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: ['int8_t *y', 'const int8_t *strips', 'const int8_t *weights', 'const int32_t *scales'],
      listing: windowsListing(s),
      plain: `
        for (int32_t ox = 0; ox < ${g.outW}; ox++) {
          for (int32_t c = 0; c < ${block}; c++) {
            const int32_t *scale = &scales[((c / 4) * 12) + (c % 4)];
            int32_t sum = scale[0];
            for (int32_t k = 0; k < ${places}; k++) {
              sum += strips[(c * ${pitch}) + (ox * ${g.sW * g.kH}) + k] * weights[(c * ${places}) + k];
            }
            ${rescaleText(kind, 'scale[4]', 'scale[8]').join('\n            ')}
            y[(ox * ${g.outC}) + c] = (int8_t)value;
          }
        }
      `,
    }),
  );
}

const SUMS = ['r4', 'r6', 'r8', 'r10'];
/** Largest offset of a vector load of bytes. */
const REACH = 127;
const FEW_OUTPUTS = 4;

/**
 * Registers: r0 y, r1 strips (of each channel, with r3 r5 r7, where they lie far apart), sums r4 r6 r8 r10, r2 weights, r11 scales,
 * r9 zero point, r12 four channels left, lr outputs left. Vectors: q1..q4 weights, q5 multipliers, q6 shifts, q7 biases.
 */
function windowsListing({ g, block, pitch, kind }: Strips): string[] {
  const places = g.kH * g.kW;
  const step = g.kH * g.sW;
  const one = 3 * pitch <= REACH; // all four strips from one pointer
  const few = g.outW <= FEW_OUTPUTS && 3 * pitch + (g.outW - 1) * step <= REACH;
  const pointers = one ? ['r1'] : ['r1', 'r3', 'r5', 'r7'];
  const spare = kind.sign || kind.clamp !== null; // q7 holds the bias only until it is added
  const near = g.outC <= REACH;
  const unrolled = g.outW % 2 ? 1 : 2;
  const address = (c: number, ox: number) => {
    if (!one) return `[${pointers[c]}], #${step}`;
    return c === 0 && !few ? `[r1], #${step}` : `[r1, #${c * pitch + ox * step}]`;
  };
  // With one pointer it moves on at the load of the first strip, which comes last.
  const order = one && !few ? [1, 2, 3, 0] : [0, 1, 2, 3];
  const turn = (ox: number) => [
    ...order.flatMap((c) => [`vldrb.u8 q0, ${address(c, ox)}`, `vmladav.s8 ${SUMS[c]}, q0, q${1 + c}`]),
    'vmov q0[2], q0[0], r4, r8',
    'vmov q0[3], q0[1], r6, r10',
    ...(spare ? ['vldrw.u32 q7, [r11, #-48]'] : []),
    'vadd.i32 q0, q0, q7',
    'vqrdmulh.s32 q0, q0, q5',
    ...signListing('q0', kind, 'q7'),
    'vrshl.s32 q0, q0, q6',
    ...clampListing('q0', kind, { zero: 'r9', scalar: 'r4', vector: 'q7' }),
    near ? `vstrb.32 q0, [r0], #${g.outC}` : 'vstrb.32 q0, [r0]',
    ...(near ? [] : [`addw r0, r0, #${g.outC}`]),
  ];
  const outputs = few
    ? Array.from({ length: g.outW }, (_, ox) => turn(ox)).flat()
    : [
        `movw lr, #${g.outW / unrolled}`,
        'dls lr, lr',
        '2:',
        ...Array.from({ length: unrolled }, () => turn(0)).flat(),
        'le lr, 2b',
      ];
  const back = g.outW * g.outC - 4;
  const next = 4 * pitch - (few ? 0 : g.outW * step);
  const last = block === 4;
  return [
    'push {r4-r11, lr}',
    'vpush {d8-d15}',
    'mov r11, r3',
    ...(one ? [] : [`movw r4, #${pitch}`, 'add r3, r1, r4', 'add r5, r3, r4', 'add r7, r5, r4']),
    ...constant('r9', kind.yOffset),
    `movw r12, #${block / 4}`,
    `movs r4, #${places}`,
    'vctp.8 r4',
    '1:',
    'vpstttt',
    ...[1, 2, 3, 4].map((q) => `vldrbt.u8 q${q}, [r2], #${places}`),
    'vldrw.u32 q7, [r11], #16',
    'vldrw.u32 q5, [r11], #16',
    'vldrw.u32 q6, [r11], #16',
    ...outputs,
    ...(last
      ? []
      : [
          ...(back <= 4095 ? [`subw r0, r0, #${back}`] : [`movw r4, #${back}`, 'sub r0, r0, r4']),
          ...pointers.map((r) => (next >= 0 ? `addw ${r}, ${r}, #${next}` : `subw ${r}, ${r}, #${-next}`)),
          'subs r12, #1',
          'bne 1b',
        ]),
    'vpop {d8-d15}',
    'pop {r4-r11, pc}',
  ];
}
