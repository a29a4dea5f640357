import { type Graph, type Node, sizeOf, type Values } from '../graph/graph.ts';
import { type CoreKind, isOneByN, isPointwise, oneByNSections, type WindowGeometry } from '../ops/buffer_sizes.ts';
import { geometryOf } from '../ops/cost.ts';
import { tapsOf } from '../ops/features/index.ts';
import type { Cost } from '../ops/index.ts';
import { type ChipGraph, nodeCost, onChip } from './graph_cost.ts';

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

/** What decides whether a kernel call hits a defect. */
export interface KernelCall {
  readonly kind: 'convolve' | 'depthwise_conv' | 'fully_connected';
  readonly form: 's8' | 's4' | 's16';
  /** Of the two convolutions. */
  readonly geometry: WindowGeometry | null;
  /** int16: sums are kept in 64 bits. */
  readonly wideBias: boolean;
  /** Products in one sum. */
  readonly depth: number;
  /** [outputs, depth] integers, or null where they are not known yet. */
  readonly weights: Values | null;
  readonly perChannel: boolean;
  readonly weightZero: boolean;
}

/** The defects that a call hits on a kind of core. */
export function quirksOfCall(core: CoreKind, call: KernelCall): QuirkId[] {
  const { kind, form, geometry: g } = call;
  if (kind === 'fully_connected') {
    if (form === 's16') return core !== 'c' && mayWrap(call, 512) ? ['fc_s16_k512_int32_wrap'] : [];
    const wrong = core === 'mve' && form === 's8' && call.perChannel && call.weightZero;
    return wrong ? ['mve_fc_per_channel_filter_offset'] : [];
  }
  if (!g) return [];
  if (kind === 'depthwise_conv') return form === 's4' && wrongDepthwiseNibbles(g) ? ['depthwise_s4_odd_input_ch'] : [];
  if (form !== 's16') {
    if (core !== 'mve' || isPointwise(g) || !isOneByN(g)) return [];
    if (form === 's4') return wrongOneByNS4(g) ? ['mve_1xn_s4_partial_windows'] : [];
    return wrongOneByNS8(g) ? ['mve_1xn_s8_partial_windows'] : [];
  }
  const long = call.wideBias && call.depth > 512;
  const found: QuirkId[] = [];
  if (long && core === 'dsp' && call.depth % 4 !== 0 && g.output.c % 2) found.push('dsp_conv_s16_k_gt_512_odd_out_ch');
  const leftover = (g.input.n * g.output.h * g.output.w) % 2 === 1;
  if (long && core !== 'mve' && leftover && mayWrap(call, call.depth)) found.push('conv_s16_int32_accumulator_leftover_pixel');
  return found;
}

/** Whether int16 inputs exist for which the first `count` products of some sum leave 32 bits. */
function mayWrap({ depth, weights }: KernelCall, count: number): boolean {
  const n = Math.min(depth, count);
  if (!weights) return n * 128 * 32768 >= 2 ** 31;
  for (let row = 0; row < weights.length; row += depth) {
    let [most, least] = [0, 0];
    for (let i = row; i < row + n; i++) {
      const w = Number(weights[i]);
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
export function quirksOf(graph: Graph, core: CoreKind): Quirk[] {
  const chip = onChip(graph);
  return quirksOfCosts(
    chip,
    graph.nodes.map((node) => nodeCost(chip, node, { kind: core })),
    core,
  );
}

/** The same where each node's cost on that core is known. */
export const quirksOfCosts = (chip: ChipGraph, costs: readonly Cost[], core: CoreKind): Quirk[] =>
  chip.graph.nodes.flatMap((node, i) => {
    const call = callOf(chip, node, costs[i]);
    return call ? quirksOfCall(core, call).map((quirk) => ({ node: node.name, quirk, what: QUIRKS[quirk] })) : [];
  });

/** The CMSIS-NN call of a node, by the kernel that its row names. */
function callOf({ graph, dtypes }: ChipGraph, node: Node, { kernel }: Cost): KernelCall | null {
  const [, kind, form] = /^(convolve|depthwise_conv|fully_connected)_(s8|s4|s16)/.exec(kernel) ?? [];
  const [x, w, bias = -1] = node.inputs;
  const weights = graph.tensors[w];
  if (!kind || !weights) return null;
  const shapes = { x: [graph.tensors[x].shape], y: node.outputs.map((t) => graph.tensors[t].shape) };
  const depth = kind === 'depthwise_conv' ? weights.shape[1] * weights.shape[2] : sizeOf(weights.shape.slice(1));
  return {
    kind: kind as KernelCall['kind'],
    form: form as KernelCall['form'],
    geometry: kind === 'fully_connected' ? null : geometryOf(shapes, node.attrs as never, weights.shape.slice(1)),
    wideBias: dtypes[bias] !== 'i32',
    depth,
    weights: kind !== 'depthwise_conv' && weights.dtype !== 'f32' ? weights.data : null,
    perChannel: (weights.quant?.scales.length ?? 1) > 1,
    weightZero: weights.quant?.zeros.some((z) => z !== 0) ?? false,
  };
}
