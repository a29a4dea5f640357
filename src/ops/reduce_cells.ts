import { sizeOf } from '../graph/graph.ts';
import { reduceExtremum, reduceExtremumGradF32 } from '../wasm/reduce_extremum.ts';
import type { Shape } from './dims.ts';
import { nothing } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { reducedAxes, writeReduce } from './onnx_cells.ts';
import type { Axes, Channels, OpRow } from './op.ts';
import type { OnnxCell } from './op_onnx.ts';
import type { TfliteCell } from './op_tflite.ts';
import { axisOf } from './shapes.ts';

/** Parts of rows that make one number of many along some axes. */

export interface Reduce {
  /** Counted from the front, ascending. */
  readonly axes: readonly number[];
  /** The axes stay, with one place each. */
  readonly keepDims: boolean;
}

export const reducedShape = ([x]: readonly (Shape | null)[], { axes, keepDims }: Reduce): number[][] => [
  keepDims ? x!.map((d, i) => (axes.includes(i) ? 1 : d)) : x!.filter((_, i) => !axes.includes(i)),
];

export const reducedChannels = ({ axes }: Reduce, [x]: readonly (Shape | null)[]): Channels =>
  axes.includes(x!.length - 1) ? { kind: 'fixed' } : { kind: 'keep', along: [[0, x!.length - 1]] };

export const reduceTflite = (code: number): TfliteCell<Reduce> => ({
  codes: [code],
  read: (from) => ({
    attrs: {
      axes: [...new Set(from.values(1).map((a) => axisOf(a, from.shape(0).length)))].sort((a, b) => a - b),
      keepDims: Boolean(from.options.keep_dims),
    },
    inputs: [from.inputs[0]],
  }),
  write: ({ attrs, inputs }) => ({
    code,
    options: { keep_dims: attrs.keepDims },
    inputs: [inputs[0], { name: 'axes', shape: [attrs.axes.length], values: attrs.axes }],
  }),
});

export const reduceAxes: Axes<Reduce> = (a, from) =>
  a.keepDims ? { ...a, axes: from.flatMap((axis, j) => (a.axes.includes(axis) ? [j] : [])) } : null;

/** @param since the opset from which the axes are an operand */
export const reduceOnnx = (type: string, also: readonly string[], since: number): OnnxCell<Reduce> => ({
  types: [type, ...also],
  read(from) {
    const { axes, after } = reducedAxes(from);
    return { attrs: { axes, keepDims: true }, inputs: [from.inputs[0]], after };
  },
  write: ({ attrs, inputs, opset }) => writeReduce(type, attrs, inputs[0], opset >= since),
});

/** Of the largest or the smallest along axes. */
export const extremumCells = (what: string, largest: boolean) =>
  ({
    operands: 1,
    infer: reducedShape,
    float: {
      forward: (heap, { x: [x], y: [y], attrs: { axes } }) => reduceExtremum(heap, y, x!, { axes, largest }),
      backward: (heap, { x: [x], y: [y], dy: [dy], dx: [dx], attrs }) =>
        dx ? reduceExtremumGradF32(heap, dy, { x: x!, y }, dx, attrs.axes) : nothing,
      saves: null,
    },
    lower: ({ x: [x], y: [y], attrs: { axes } }) =>
      kernelCall('reduce_extremum', plainForm(what, x!, y), { x: x!, y }, { axes, largest }),
    layer: null,
    trainable: [],
    memory: 'fresh',
    outputRange: 'as-input',
    fuses: null,
    channels: reducedChannels,
    work: ([x]) => ({ macs: 0, steps: sizeOf(x!) }),
    axes: reduceAxes,
  }) satisfies Partial<OpRow<Reduce>>;
