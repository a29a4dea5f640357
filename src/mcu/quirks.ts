import { type Graph, sizeOf } from '../graph/graph.ts';
import { type CoreKind, isOneByN, isPointwise, oneByNSections, type WindowGeometry } from '../ops/buffer_sizes.ts';
import { convolutionGeometry } from '../ops/cost.ts';
import { tapsOf } from '../ops/features/index.ts';
import type { CallOf, KernelCall, Operand } from '../ops/index.ts';
import { type ChipGraph, onChip } from './graph_cost.ts';

/**
 * Where CMSIS-NN 99f736a deviates from an operator's definition, or fails, on some cores. The integer engine follows the
 * definition, so a model that hits a defect answers otherwise on that chip.
 */
export const QUIRKS = {
  depthwise_s4_odd_input_ch: 'an int4 depthwise convolution with an odd number of input channels takes wrong nibbles',
  mve_1xn_s8_partial_windows: 'a 1xN convolution with a stride fails, or its right-hand outputs are wrong',
  mve_1xn_s4_partial_windows: 'a 1xN int4 convolution with a stride fails, or takes wrong nibbles at its ends',
  dsp_conv_s16_k_gt_512_odd_out_ch: 'the last channel of a long int16 convolution reads beyond its weights',
  conv_s16_int32_accumulator_leftover_pixel: 'the last pixel of a long int16 convolution is summed in 32 bits and may wrap',
  fc_s16_k512_int32_wrap: 'the first 512 products of an int16 dense layer are summed in 32 bits and may wrap',
  mve_fc_per_channel_filter_offset: 'a dense layer with a scale per channel and a weight zero point uses wrong multipliers',
} as const;

export type QuirkId = keyof typeof QUIRKS;

/** The defects that a call hits on a kind of core. */
export function quirksOfCall(core: CoreKind, call: KernelCall): QuirkId[] {
  switch (call.family) {
    case 'fully_connected':
      return ofDense(core, call);
    case 'depthwise_conv':
      return call.form === 's4' && wrongDepthwiseNibbles(convolutionGeometry(call)) ? ['depthwise_s4_odd_input_ch'] : [];
    case 'convolve':
      return call.form === 's16' ? ofConvolveS16(core, call) : ofOneByN(core, call);
    default:
      return [];
  }
}

function ofDense(core: CoreKind, { form, operands: { w }, parameters: p }: CallOf<'fully_connected'>): QuirkId[] {
  if (form === 's16') return core !== 'c' && mayWrap(w, w.shape[1], 512) ? ['fc_s16_k512_int32_wrap'] : [];
  const wrong = core === 'mve' && form === 's8' && p.multiplier.length > 1 && p.wOffset !== 0;
  return wrong ? ['mve_fc_per_channel_filter_offset'] : [];
}

function ofOneByN(core: CoreKind, call: CallOf<'convolve'>): QuirkId[] {
  const g = convolutionGeometry(call);
  if (core !== 'mve' || isPointwise(g) || !isOneByN(g)) return [];
  if (call.form === 's4') return wrongOneByNS4(g) ? ['mve_1xn_s4_partial_windows'] : [];
  return wrongOneByNS8(g) ? ['mve_1xn_s8_partial_windows'] : [];
}

function ofConvolveS16(core: CoreKind, call: CallOf<'convolve'>): QuirkId[] {
  const { input, output } = convolutionGeometry(call);
  const { w } = call.operands;
  const depth = sizeOf(w.shape.slice(1));
  const long = call.parameters.wide && depth > 512;
  const found: QuirkId[] = [];
  if (long && core === 'dsp' && depth % 4 !== 0 && output.c % 2) found.push('dsp_conv_s16_k_gt_512_odd_out_ch');
  const leftover = (input.n * output.h * output.w) % 2 === 1;
  if (long && core !== 'mve' && leftover && mayWrap(w, depth, depth)) found.push('conv_s16_int32_accumulator_leftover_pixel');
  return found;
}

/** Whether int16 inputs exist for which the first `count` products of some sum of `depth` leave 32 bits. */
function mayWrap({ data }: Operand, depth: number, count: number): boolean {
  const n = Math.min(depth, count);
  if (!data || data instanceof Float32Array) return n * 128 * 32768 >= 2 ** 31;
  for (let row = 0; row < data.length; row += depth) {
    let [most, least] = [0, 0];
    for (let i = row; i < row + n; i++) {
      const w = Number(data[i]);
      most += w < 0 ? -32768 * w : 32767 * w;
      least += w < 0 ? 32767 * w : -32768 * w;
    }
    if (most > 2 ** 31 - 1 || least < -(2 ** 31)) return true;
  }
  return false;
}

/** Off the fast path rows are addressed by nibbles as if their number of channels were even. */
function wrongDepthwiseNibbles(g: WindowGeometry): boolean {
  const multiplier = g.output.c / g.input.c;
  const fast = multiplier === 1 && g.input.n === 1 && g.dilation.w === 1 && g.dilation.h === 1;
  if (fast || g.input.c % 2 === 0 || g.filter.h * g.filter.w === 1) return false;
  return multiplier !== 1 || tapsOf(g).outside > 0;
}

/** Columns that windows reach beyond a row of inputs, left and right together; the kernel refuses all but an even split. */
const overhang = (g: WindowGeometry) => (g.output.w - 1) * g.stride.w + g.filter.w - g.input.w;
const refuses = (g: WindowGeometry) => g.padding.w * 2 + (overhang(g) % 2) !== overhang(g);

/** The ends of a row are gathered as if the first right-hand window reached just one column beyond. */
function wrongOneByNS8(g: WindowGeometry): boolean {
  if (refuses(g)) return true;
  const { left, inner, right, asymmetric, fits } = oneByNSections(g);
  if (!fits) return false;
  const [pad, k, s] = [g.padding.w, g.filter.w, g.stride.w];
  if (left && (left - 1) * s + k - pad > g.input.w) return true;
  if (!right) return false;
  const start = s * (left + inner) - pad;
  const gathered = k - 1 + (asymmetric ? right : pad);
  return g.input.w - start !== k - 1 || (right - 1) * s + k > gathered;
}

/** Rows of weights and the parts skipped of them are addressed by nibbles as if both were even. */
function wrongOneByNS4(g: WindowGeometry): boolean {
  if (refuses(g)) return true;
  const { left, right, fits } = oneByNSections(g);
  if (!fits) return true;
  const [k, c, s, pad] = [g.filter.w, g.input.c, g.stride.w, g.padding.w];
  for (let i = 0; i < g.output.w; i++) {
    if (i >= left && i < g.output.w - right) continue;
    const at = s * i - pad;
    const skipped = i < left ? -at : k - Math.min(k, g.input.w - at);
    if (at + k > g.input.w && i < left) return true;
    if (((k - skipped) * c) % 2 || (skipped * c) % 2) return true;
  }
  return false;
}

/** A defect that a node of a graph hits. */
export interface Quirk {
  readonly node: string;
  readonly quirk: QuirkId;
  readonly what: string;
}

/** The defects of CMSIS-NN that running `graph` on a kind of core would hit, in the order of its nodes. */
export const quirksOf = (graph: Graph, core: CoreKind): Quirk[] => quirksOn(onChip(graph), core);

/** The same of a graph as the chip holds it. */
export const quirksOn = ({ graph, calls }: ChipGraph, core: CoreKind): Quirk[] =>
  graph.nodes.flatMap(({ name }, i) => {
    const call = calls[i];
    return call ? quirksOfCall(core, call).map((quirk) => ({ node: name, quirk, what: QUIRKS[quirk] })) : [];
  });
