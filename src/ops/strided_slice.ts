import { CompressError } from '../errors.ts';
import { slice } from '../wasm/copy.ts';
import { sliceGradF32 } from '../wasm/movement_f32.ts';
import type { Shape } from './dims.ts';
import { nothing } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { int64s, listOf } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import type { TfliteRead } from './op_tflite.ts';
import { axisOf } from './shapes.ts';

export interface StridedSlice {
  /** First place taken along each dimension. */
  readonly begin: readonly number[];
  /** First place not taken; beyond the dimension means to its end, at any size. */
  readonly end: readonly number[];
  readonly strides: readonly number[];
  /** Dimensions of one place that the output does not keep. */
  readonly shrink: readonly number[];
}

const STRIDED_SLICE = 45;
const SLICE = 65;
const FAR = 0x7fffffff;

/** Places taken along a dimension of `size`: first, and how many (TFLite's clamping). */
export function sliceRange(a: StridedSlice, axis: number, size: number): { first: number; count: number } {
  const stride = a.strides[axis];
  const clamp = (v: number) => {
    const at = v < 0 ? v + size : v;
    return stride > 0 ? Math.min(Math.max(at, 0), size) : Math.min(Math.max(at, -1), size - 1);
  };
  const first = clamp(a.begin[axis]);
  return { first, count: Math.max(0, Math.ceil((clamp(a.end[axis]) - first) / stride)) };
}

const isWhole = (a: StridedSlice, axis: number, size: number) =>
  a.strides[axis] === 1 && sliceRange(a, axis, size).count === size;

/** First place and number of places along each dimension of x. */
function places(a: StridedSlice, x: Shape) {
  const ranges = x.map((d, i) => sliceRange(a, i, d));
  return { begin: ranges.map((r) => r.first), counts: ranges.map((r) => r.count) };
}

export const stridedSlice = defineOp<StridedSlice>({
  operands: 1,
  infer: ([x], a) => [x!.map((d, i) => sliceRange(a, i, d).count).filter((_, i) => !a.shrink.includes(i))],
  float: {
    forward(heap, { x: [x], y: [y], attrs }) {
      const { begin, counts } = places(attrs, x!.shape);
      return slice(heap, y, x!, begin, attrs.strides, counts);
    },
    backward(heap, { dy: [dy], dx: [dx], attrs }) {
      if (!dx) return nothing;
      const { begin, counts } = places(attrs, dx.shape);
      return sliceGradF32(heap, dy, dx, begin, attrs.strides, counts);
    },
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs }) =>
    kernelCall('strided_slice', moveForm('a slice', x!, y), { x: x!, y }, { ...places(attrs, x!.shape), strides: attrs.strides }),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: null,
  channels: (a, [x]) => {
    const c = x!.length - 1;
    return isWhole(a, c, x![c]) && !a.shrink.includes(c) ? { kind: 'keep', along: [[0, c]] } : { kind: 'fixed' };
  },
  work: 'moves',
  tflite: {
    codes: [STRIDED_SLICE, SLICE],
    read: (from) => ({
      attrs: open(from.code === SLICE ? readSlice(from) : readStrided(from), from.shape(0)),
      inputs: [from.inputs[0]],
    }),
    write({ attrs: { begin, end, strides, shrink }, inputs }) {
      const list = (name: string, values: readonly number[]) => ({ name, shape: [values.length], values });
      return {
        code: STRIDED_SLICE,
        options: { shrink_axis_mask: shrink.reduce((mask, i) => mask | (1 << i), 0) },
        inputs: [inputs[0], list('begin', begin), list('end', end), list('strides', strides)],
      };
    },
  },
  axes: (a, from) => {
    const pick = (list: readonly number[], otherwise: number) => from.map((axis) => (axis < 0 ? otherwise : list[axis]));
    return a.shrink.length ? null : { begin: pick(a.begin, 0), end: pick(a.end, FAR), strides: pick(a.strides, 1), shrink: [] };
  },
  onnx: {
    types: ['Slice'],
    read(from) {
      const x = from.shape(0);
      const [starts, ends] = [listOf(from, 'starts', 1) ?? [], listOf(from, 'ends', 2) ?? []];
      const axes = (listOf(from, 'axes', 3) ?? starts.map((_, i) => i)).map((a) => axisOf(a, x.length));
      const steps = from.isThere(4) ? from.values(4) : starts.map(() => 1);
      const pick = (list: readonly number[], otherwise: number) =>
        x.map((_, i) => (axes.includes(i) ? Math.max(-FAR, Math.min(FAR, list[axes.indexOf(i)])) : otherwise));
      const attrs = { begin: pick(starts, 0), end: pick(ends, FAR), strides: pick(steps, 1), shrink: [] };
      return { attrs, inputs: [from.inputs[0]] };
    },
    write({ attrs, inputs, shape }) {
      const axes = shape(0).map((_, i) => i);
      const lists = [
        int64s('starts', attrs.begin),
        int64s('ends', attrs.end),
        int64s('axes', axes),
        int64s('steps', attrs.strides),
      ];
      const slice = { type: 'Slice', inputs: [inputs[0], ...lists] };
      return attrs.shrink.length ? { type: 'Squeeze', inputs: [slice, int64s('dropped', attrs.shrink)] } : slice;
    },
  },
});

/** Dimensions taken whole are marked so, that the slice holds for any batch and any number of channels. */
function open(a: StridedSlice, x: Shape): StridedSlice {
  const whole = x.map((d, i) => isWhole(a, i, d) && !a.shrink.includes(i));
  return { ...a, begin: a.begin.map((b, i) => (whole[i] ? 0 : b)), end: a.end.map((e, i) => (whole[i] ? FAR : e)) };
}

function readSlice(from: TfliteRead): StridedSlice {
  const begin = from.values(1);
  const end = from.values(2).map((n, i) => (n < 0 ? FAR : begin[i] + n));
  return { begin, end, strides: begin.map(() => 1), shrink: [] };
}

function readStrided({ options: o, values, shape }: TfliteRead): StridedSlice {
  if (Number(o.ellipsis_mask) || Number(o.new_axis_mask) || o.offset) {
    throw new CompressError(
      'unsupported',
      'a strided slice with an ellipsis, a new axis or offsets is not supported',
      'write the slice with one range for each dimension',
    );
  }
  const has = (mask: unknown, i: number) => Boolean((Number(mask) >> i) & 1);
  const x = shape(0);
  const stated = values(1).length;
  const strides = x.map((_, i) => (i < stated ? values(3)[i] : 1));
  const shrink = x.flatMap((_, i) => (has(o.shrink_axis_mask, i) ? [i] : []));
  const begin = x.map((d, i) => (i >= stated || has(o.begin_mask, i) ? (strides[i] < 0 ? d - 1 : 0) : values(1)[i]));
  const end = x.map((_, i) => {
    if (shrink.includes(i)) return begin[i] === -1 ? FAR : begin[i] + 1;
    return i >= stated || has(o.end_mask, i) ? (strides[i] < 0 ? -FAR - 1 : FAR) : values(2)[i];
  });
  return { begin, end, strides, shrink };
}
