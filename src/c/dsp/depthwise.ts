import type { CallOf } from '../../ops/kernel_call.ts';
import { type FoldedForm, fitFolded } from '../fit.ts';
import { biasOf, channelsOf, geometryOf, overlapping, weightsOf } from '../geometry.ts';
import { type LayerCode, type Parts, type Placed, twins } from '../parts.ts';
import { overPlanes, planesFunction } from '../planes.ts';
import { type Channel, ofEach } from '../rescale.ts';
import {
  type Columns,
  channelListing,
  channelsIn,
  channelWords,
  EDGES,
  type Edge,
  edgesOf,
  FRAME,
  hasColumns,
} from './depthwise_columns.ts';
import { dspLast, foldedLast, hasWindows, windowsFunction, windowsTable } from './depthwise_windows.ts';
import { type DspForm, dspForm } from './rescale.ts';
import { ASSEMBLY } from './words.ts';

/** Depthwise convolution; null where the geometry or the rescaling of a channel is another. */
export function depthwiseDsp(call: CallOf<'depthwise_conv', Placed>, parts: Parts, tag: string): LayerCode | null {
  const g = geometryOf(call);
  const byColumns = hasColumns(g) && g.images === 1;
  if (!byColumns && !hasWindows(g)) return null;
  const { xOffset, yMin, yMax } = call.parameters;
  const channels = channelsOf(call);
  const rows = channels.map((_, c) => weightsOf(call, c));
  const biases = rows.map((row, c) => foldedBias(row, biasOf(call, c), xOffset));
  const clamp = yMin === -128 && yMax === 127 ? null : ([yMin, yMax] as const);
  const folded = formsOf(channels, rows, biases);
  const code = (function_: string, table: readonly number[]): LayerCode => {
    const { x, y } = call.operands;
    const args = [parts.operand(y), parts.operand(x), parts.table(`${tag}_channels`, 'int32_t', table)];
    return { calls: [{ function: function_, arguments: args }], scratchBytes: 0, notes: [], ...overlapping(parts.trade, g, 0) };
  };
  if (folded) {
    const { shift, forms } = folded;
    const scaled = rows.map((row, c) => row.map((w) => w * forms[c].scale));
    const columns: Columns = { g, zero: -xOffset, shift, clamp };
    if (byColumns) {
      const table = scaled.flatMap((row, c) => channelTable(columns, row, forms[c]));
      if (parts.trade !== 'ram') return code(depthwiseFunction(parts, columns), table);
      const plane = depthwiseFunction(parts, { ...columns, g: { ...g, inC: 1 }, channels: 1 });
      return overPlanes(code(planesFunction(parts, { g, words: channelWords(g), kernel: plane }), table), g);
    }
    const first = forms.map((f) => f.first);
    return code(windowsFunction(parts, { g, shift, sign: false, clamp }), windowsTable(g, scaled, first, foldedLast(forms)));
  }
  const exact = ofEach(channels, dspForm);
  if (!hasWindows(g) || exact.some((f) => f === null)) return null;
  const forms = exact as DspForm[];
  const windows = { g, shift: null, sign: forms.some((f) => f.sign), clamp };
  const scaled = rows.map((row) => row.map((w) => w * 256));
  const first = biases.map((b) => (b * 256) | 0);
  return code(windowsFunction(parts, windows), windowsTable(g, scaled, first, dspLast(forms)));
}

/** An exact form of each channel, all with one shift. */
function formsOf(
  channels: readonly Channel[],
  rows: readonly (readonly number[])[],
  biases: readonly number[],
): { shift: number; forms: ScaledForm[] } | null {
  const most = Math.min(31, ...channels.filter((c) => c.multiplier > 0 && c.least < c.largest).map((c) => 7 - c.shift));
  for (let shift = most; shift >= Math.max(1, most - SHIFTS); shift--) {
    const forms: ScaledForm[] = [];
    for (const [c, channel] of channels.entries()) {
      const form = scaledForm(channel, rows[c], biases[c], shift);
      if (!form) break;
      forms.push(form);
    }
    if (forms.length === channels.length) return { shift, forms };
  }
  return null;
}

/** What the sum of products of plain inputs lacks. */
const foldedBias = (row: readonly number[], bias: number, xOffset: number) => row.reduce((sum, w) => sum + w * xOffset, bias);

/** A smaller shift than the largest leaves more factors of weights to try. */
const SHIFTS = 3;

interface ScaledForm extends FoldedForm {
  /** Factor of the weights. */
  readonly scale: number;
}

/** Factors of weights that are tried: where one has no exact form, another nearly always has. */
const SCALES = [...Array.from({ length: 40 }, (_, i) => 256 + (i & 1 ? -1 : 1) * ((i + 1) >> 1)), 64, 16, 4, 1];

function scaledForm(channel: Channel, row: readonly number[], bias: number, shift: number): ScaledForm | null {
  for (const scale of SCALES) {
    if (row.some((w) => w * scale > 32767 || w * scale < -32768)) continue;
    const form = fitFolded(channel, bias, scale, shift);
    if (form) return { ...form, scale };
  }
  return null;
}

/** Two weights in the halves of a word. */
const halves = (low: number, high: number) => (low & 0xffff) | (high << 16);

function channelTable({ g, zero }: Columns, w: readonly number[], { multiplier, first }: FoldedForm): number[] {
  const words = [halves(w[0], w[3]), halves(w[1], w[4]), halves(w[2], w[5]), halves(w[6], w[7]), halves(w[8], 0)];
  const outside: Record<Edge, number[]> = {
    left: [0, 3, 6],
    right: [2, 5, 8],
    below: [6, 7, 8],
    belowLeft: [0, 3, 6, 7, 8],
    belowRight: [2, 5, 6, 7, 8],
  };
  const edge = (e: Edge) => outside[e].reduce((sum, k) => sum + zero * w[k], first);
  return [...words, multiplier, first, ...(g.sW === 2 ? edgesOf(g).map(edge) : [])];
}

function depthwiseFunction(parts: Parts, columns: Columns): string {
  const { g } = columns;
  return parts.function('depthwise', (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: ['int8_t *y', 'const int8_t *x', 'const int32_t *channels'],
      listing: listing(columns),
      plain: `
        for (int32_t c = 0; c < ${channelsIn(columns)}; c++) {
          const int32_t *words = &channels[c * ${channelWords(g)}];
          for (int32_t oy = 0; oy < ${g.outH}; oy++) {
            for (int32_t ox = 0; ox < ${g.outW}; ox++) {
              int32_t sum = words[6];
              for (int32_t k = 0; k < 9; k++) {
                const int32_t iy = (oy * ${g.sH}) - ${g.top} + (k / 3);
                const int32_t ix = (ox * ${g.sW}) - ${g.left} + (k % 3);
                const int32_t inside = (iy >= 0) && (iy < ${g.inH}) && (ix >= 0) && (ix < ${g.inW});
                const int32_t value = inside ? x[(((iy * ${g.inW}) + ix) * ${g.inC}) + c] : ${columns.zero};
                const int32_t word = words[(k < 6) ? (k % 3) : (3 + ((k - 6) / 2))];
                const int32_t high = (k < 6) ? (k / 3) : (k & 1);
                sum += value * (int16_t)((uint32_t)word >> (16 * high));
              }
              int32_t value = (int32_t)(((int64_t)sum * words[5]) >> ${32 + columns.shift});
              value = (value < ${columns.clamp?.[0] ?? -128}) ? ${columns.clamp?.[0] ?? -128} : value;
              value = (value > ${columns.clamp?.[1] ?? 127}) ? ${columns.clamp?.[1] ?? 127} : value;
              y[(((oy * ${g.outW}) + ox) * ${g.outC}) + c] = (int8_t)value;
            }
          }
        }
      `,
    }),
  );
}

function listing(columns: Columns): string[] {
  const { g } = columns;
  const bytes = 4 * channelWords(g) * channelsIn(columns);
  const end = [`movw r3, #${bytes & 0xffff}`, ...(bytes >= 65536 ? [`movt r3, #${bytes >>> 16}`] : []), 'add r3, r3, r2'];
  const enter = ['push {r4-r11, lr}', `sub sp, #${FRAME.bytes}`, ...end, `str r3, [sp, #${FRAME.end}]`];
  const leave = [`add sp, #${FRAME.bytes}`, 'pop {r4-r11, pc}'];
  if (g.sW === 2) {
    const edges = 4 * edgesOf(g).length;
    return [
      ...enter,
      'mov r9, r2',
      '1:',
      'ldm r9!, {r2, r3, r4, r5, r6, r12, lr}',
      ...(edges ? [`add r9, r9, #${edges}`] : []),
      ...channelListing(columns),
      `ldr r10, [sp, #${FRAME.end}]`,
      'cmp r9, r10',
      'bne 1b',
      ...leave,
    ];
  }
  return [
    ...enter,
    'mov r10, r2',
    '1:',
    'ldm r10!, {r2, r3, r4, r5, r6, r12, lr}',
    `str r10, [sp, #${FRAME.table}]`,
    ...edgeListing(columns),
    ...channelListing(columns),
    `ldrd r10, r11, [sp, #${FRAME.table}]`,
    'cmp r10, r11',
    'bne 1b',
    ...leave,
  ];
}

/** First values of sums at the edges, from the weights in registers to the stack. */
function edgeListing({ g, zero }: Columns): string[] {
  const edges = edgesOf(g);
  if (!edges.length) return [];
  const store = (register: string, edge: Edge) =>
    edges.includes(edge) ? [`str ${register}, [sp, #${FRAME.left + 4 * EDGES.indexOf(edge)}]`] : [];
  const zeros = [`movw r10, #${zero & 0xffff}`, 'pkhbt r10, r10, r10, lsl #16'];
  const left = ['smlad r7, r10, r2, lr', 'smlabb r7, r10, r5, r7', ...store('r7', 'left')];
  const right = ['smlad r8, r10, r4, lr', 'smlabb r8, r10, r6, r8', ...store('r8', 'right')];
  const below = ['smlad r9, r10, r5, lr', 'smlabb r9, r10, r6, r9', ...store('r9', 'below')];
  const corners = [
    ...(edges.includes('belowLeft') ? ['smlad r7, r10, r2, r9', ...store('r7', 'belowLeft')] : []),
    ...(edges.includes('belowRight') ? ['smlad r8, r10, r4, r9', ...store('r8', 'belowRight')] : []),
  ];
  return [
    ...zeros,
    ...(edges.includes('left') ? left : []),
    ...(edges.includes('right') ? right : []),
    ...(edges.includes('below') ? below : []),
    ...corners,
  ];
}
