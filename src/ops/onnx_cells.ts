import { CompressError } from '../errors.ts';
import { type Activation, sizeOf } from '../graph/graph.ts';
import type { Pair, Shape, Sides } from './dims.ts';
import type { NoAttrs } from './op.ts';
import type { OnnxCell, OnnxConstant, OnnxNode, OnnxRead, OnnxWrite } from './op_onnx.ts';
import { axisOf } from './shapes.ts';
import { sidesOf, type Window } from './window.ts';

/** Parts of the `onnx` cells that several rows share. */

/** [n, c, h, w], or [n, c, w] with a height of 1, as [n, h, w, c]. */
const IMAGE: Readonly<Record<number, readonly number[]>> = { 3: [0, -1, 2, 1], 4: [0, 2, 3, 1] };

/** The order in which the file has an image [n, h, w, c] of the graph. */
export const CHANNELS_FIRST = [0, 3, 1, 2];

/** Turns operand 0 and the outputs to images. @returns the file's number of axes, 3 or 4 */
export function asImage(from: OnnxRead): 3 | 4 {
  const rank = from.shape(0).length;
  const map = IMAGE[rank];
  if (!map) throw unsupported(`works on ${rank} dimensions`, 'use layers of one or two spatial dimensions');
  from.reorder(map);
  return rank as 3 | 4;
}

export const unsupported = (what: string, fix: string): CompressError => new CompressError('unsupported', what, fix);

/** Numbers for height and width; a file of one dimension has the width alone. */
export function pairOf(from: OnnxRead, name: string, otherwise: Pair): Pair {
  const list = from.attributes.list(name);
  if (!list) return otherwise;
  return list.length === 1 ? [1, list[0]] : [list[0], list[1]];
}

/** Rows and columns around the image, as `pads` and `auto_pad` say. */
function sidesIn(from: OnnxRead): Sides | 'same' | 'lower' | null {
  const pads = from.attributes.list('pads');
  const auto = from.attributes.text('auto_pad', 'NOTSET');
  if (auto === 'SAME_UPPER') return 'same';
  if (auto === 'SAME_LOWER') return 'lower';
  if (auto === 'VALID' || !pads) return null;
  const [top, left, bottom, right] = pads.length === 2 ? [0, pads[0], 0, pads[1]] : pads;
  return { top, left, bottom, right };
}

/** The window of a convolution or pooling over operand 0, which is an image already. */
export function readOnnxWindow(from: OnnxRead, filter: Pair): Window {
  const window = { stride: pairOf(from, 'strides', [1, 1]), dilation: pairOf(from, 'dilations', [1, 1]) };
  const size: Pair = [from.shape(0)[1], from.shape(0)[2]];
  const same = sidesOf({ ...window, padding: 'same' }, size, filter);
  const found = sidesIn(from);
  if (found === 'same') return { ...window, padding: 'same' };
  const sides = found === 'lower' ? { top: same.bottom, bottom: same.top, left: same.right, right: same.left } : found;
  return { ...window, padding: nameOf(trimmed(sides ?? NO_SIDES, window, size, filter), same) };
}

const NO_SIDES: Sides = { top: 0, bottom: 0, left: 0, right: 0 };

/** Padding that a name says better. */
function nameOf(sides: Sides, same: Sides): Window['padding'] {
  const is = (other: Sides) => (Object.keys(sides) as (keyof Sides)[]).every((side) => sides[side] === other[side]);
  return is(NO_SIDES) ? 'valid' : is(same) ? 'same' : sides;
}

/** Without rows and columns behind the image that no window reaches. */
function trimmed(
  sides: Sides,
  { stride, dilation }: Required<Pick<Window, 'stride' | 'dilation'>>,
  size: Pair,
  filter: Pair,
): Sides {
  const unread = (d: 0 | 1, before: number, after: number) => {
    const span = (filter[d] - 1) * dilation[d] + 1;
    return Math.max(0, after - ((size[d] + before + after - span) % stride[d] || 0));
  };
  return { ...sides, bottom: unread(0, sides.top, sides.bottom), right: unread(1, sides.left, sides.right) };
}

/** Attributes of a window over an image of `size`. */
export function writeOnnxWindow(a: Window, size: Pair, filter: Pair) {
  const { top, left, bottom, right } = sidesOf(a, size, filter);
  return {
    kernel_shape: { ints: filter },
    strides: { ints: a.stride },
    dilations: { ints: a.dilation ?? [1, 1] },
    pads: { ints: [top, left, bottom, right] },
  };
}

/** Of an operator on one operand without attributes. */
export const plainOnnx = (type: string): OnnxCell<NoAttrs> => ({
  types: [type],
  read: ({ inputs }) => ({ attrs: {}, inputs: [inputs[0]] }),
  write: ({ inputs }) => ({ type, inputs: [inputs[0]] }),
});

/** Of the smaller or larger of two operands. */
export const pairOnnx = (type: string): OnnxCell<NoAttrs> => ({
  types: [type],
  read: ({ inputs }) => (inputs.length === 2 ? { attrs: {}, inputs } : null),
  write: ({ inputs }) => ({ type, inputs }),
});

/** Of an elementwise operator on two operands; further ones are chained by the reader. */
export const binaryOnnx = (type: string): OnnxCell<{ readonly activation: Activation }> => ({
  types: [type],
  read: ({ inputs }) => (inputs.length === 2 ? { attrs: { activation: 'none' }, inputs } : null),
  write: ({ inputs }) => ({ type, inputs }),
});

/** Bounds of a Clip: attributes until opset 10, operands from 11 on. */
export function clipBounds(from: OnnxRead): { min: number; max: number } | null {
  if (from.type === 'Relu') return { min: 0, max: Number.POSITIVE_INFINITY };
  const far = 3.4028234663852886e38;
  const bound = (place: number, name: string, otherwise: number): number | null => {
    const value = from.opset < 11 ? from.attributes.float(name, otherwise) : otherwise;
    if (!from.isThere(place)) return Math.abs(value) >= far ? otherwise : value;
    return from.isConstant(place) ? from.values(place)[0] : null;
  };
  const min = bound(1, 'min', Number.NEGATIVE_INFINITY);
  const max = bound(2, 'max', Number.POSITIVE_INFINITY);
  if (min === null || max === null) return null;
  return { min: min <= -far ? Number.NEGATIVE_INFINITY : min, max: max >= far ? Number.POSITIVE_INFINITY : max };
}

/** Of an activation that clamps between two numbers. */
export const clampOnnx = (low: number, high: number): OnnxCell<NoAttrs> => ({
  types: ['Clip', 'Relu'],
  read(from) {
    const bounds = clipBounds(from);
    return bounds?.min === low && bounds.max === high ? { attrs: {}, inputs: [from.inputs[0]] } : null;
  },
  write: ({ inputs }) => writeClamp(inputs[0], low, high),
});

/** Source: Clip of opset 11, with its bounds as operands. */
export function writeClamp(x: number, low: number, high: number): OnnxWrite {
  if (low === 0 && high === Number.POSITIVE_INFINITY) return { type: 'Relu', inputs: [x] };
  const bound = (name: string, value: number) => ({ name, type: 'f32' as const, shape: [], values: [value] });
  return { type: 'Clip', inputs: [x, bound('min', low), bound('max', high)] };
}

/** Numbers that are an attribute in older files and an operand in newer ones. */
export function listOf(from: OnnxRead, name: string, place: number): readonly number[] | null {
  return from.attributes.list(name) ?? (from.isThere(place) ? from.values(place) : null);
}

/** Axes counted from the front, ascending; all where none are named. */
export const axesOf = (axes: readonly number[] | null, { length }: Shape): number[] =>
  (axes ?? Array.from({ length }, (_, i) => i)).map((a) => (a < 0 ? a + length : a)).sort((a, b) => a - b);

/** Puts `axis` last, as rows that work along the last one need it. */
export function lastAxis(from: OnnxRead, axis: number): void {
  const { length } = from.shape(0);
  const at = axis < 0 ? axis + length : axis;
  if (at === length - 1) return;
  const others = Array.from({ length }, (_, i) => i).filter((i) => i !== at);
  from.reorder([...others, at]);
}

/** Puts the axis of a softmax last. Until opset 12 everything from the axis on is one. */
export function softmaxAxis(from: OnnxRead): void {
  const x = from.shape(0);
  const axis = axisOf(from.attributes.int('axis', from.opset < 13 ? 1 : -1), x.length);
  if (from.opset < 13 && sizeOf(x.slice(axis + 1)) !== 1)
    throw unsupported(`a softmax over the axes from ${axis} on together`, 'export the model with opset 13 or later');
  lastAxis(from, axis);
}

export const int64s = (name: string, values: readonly number[]): OnnxConstant => ({
  name,
  type: 'i64',
  shape: [values.length],
  values,
});

/** The order in which the file has an array of the graph whose channels are last. */
export const channelsSecond = (rank: number): number[] | undefined =>
  rank < 3 ? undefined : [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];

/** Each channel of the image, operand 0, has filters of its own. */
export const isDepthwise = (from: OnnxRead, groups: number): boolean =>
  groups > 1 && groups === from.shape(0)[3] && from.shape(1)[1] === 1;

/** Height and width of the filter, as the weights have it and `kernel_shape` says again. */
export function filterOf(from: OnnxRead, window: readonly number[]): Pair {
  const stated = from.attributes.list('kernel_shape');
  if (stated && stated.join() !== window.join())
    throw unsupported(`a kernel_shape of ${stated.join(' x ')} for weights of ${window.join(' x ')}`, 'export the model again');
  return window.length === 1 ? [1, window[0]] : [window[0], window[1]];
}

/** Axes of a reduction that keeps them, and what drops them behind it where the file does. */
export function reducedAxes(from: OnnxRead): { axes: number[]; after: OnnxNode<unknown>['after'] } {
  const all = from.shape(0).map((_, i) => i);
  if (from.type.startsWith('Global')) return { axes: all.slice(2), after: [] };
  const stated = listOf(from, 'axes', 1);
  const axes = axesOf(stated?.length ? stated : null, from.shape(0));
  if (from.attributes.int('noop_with_empty_axes', 0) && !stated?.length)
    throw unsupported('a reduction over no axes', 'leave it out');
  if (from.attributes.int('keepdims', 1)) return { axes, after: [] };
  return { axes, after: [{ op: '@relabel', attrs: { map: all.filter((i) => !axes.includes(i)) } }] };
}

/** @param asOperand the axes are an operand, as they are in newer opsets */
export function writeReduce(
  type: string,
  { axes, keepDims }: { readonly axes: readonly number[]; readonly keepDims: boolean },
  x: number,
  asOperand: boolean,
): OnnxWrite {
  const keepdims = { int: Number(keepDims) };
  if (asOperand) return { type, attributes: { keepdims }, inputs: [x, int64s('axes', axes)] };
  return { type, attributes: { axes: { ints: axes }, keepdims }, inputs: [x] };
}
