import { sizeOf } from '../graph/graph.ts';
import { meanF32, meanGradF32 } from '../wasm/pool_f32.ts';
import { nothing } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { reducedAxes, writeReduce } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { meanParams } from './requant.ts';
import { axisOf } from './shapes.ts';

export interface Mean {
  /** Counted from the front, ascending. */
  readonly axes: readonly number[];
  /** The axes stay, with one place each. */
  readonly keepDims: boolean;
}

export const mean = defineOp<Mean>({
  operands: 1,
  infer: ([x], { axes, keepDims }) => [
    keepDims ? x!.map((d, i) => (axes.includes(i) ? 1 : d)) : x!.filter((_, i) => !axes.includes(i)),
  ],
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => meanF32(heap, y, x!, attrs.axes),
    backward: (heap, { dy: [dy], dx: [dx], attrs }) => (dx ? meanGradF32(heap, dy, dx, attrs.axes) : nothing),
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs }) =>
    kernelCall('mean', plainForm('a mean', x!, y), { x: x!, y }, meanParams(x!, y, attrs.axes)),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null,
  channels: ({ axes }, [x]) => (axes.includes(x!.length - 1) ? { kind: 'fixed' } : { kind: 'keep', along: [[0, x!.length - 1]] }),
  work: ([x]) => ({ macs: 0, steps: sizeOf(x!) }),
  tflite: {
    codes: [40],
    read: (from) => ({
      attrs: {
        axes: [...new Set(from.values(1).map((a) => axisOf(a, from.shape(0).length)))].sort((a, b) => a - b),
        keepDims: Boolean(from.options.keep_dims),
      },
      inputs: [from.inputs[0]],
    }),
    write: ({ attrs, inputs }) => ({
      code: 40,
      options: { keep_dims: attrs.keepDims },
      inputs: [inputs[0], { name: 'axes', shape: [attrs.axes.length], values: attrs.axes }],
    }),
  },
  axes: (a, from) => (a.keepDims ? { ...a, axes: from.flatMap((axis, j) => (a.axes.includes(axis) ? [j] : [])) } : null),
  onnx: {
    types: ['ReduceMean', 'GlobalAveragePool'],
    read(from) {
      const { axes, after } = reducedAxes(from);
      return { attrs: { axes, keepDims: true }, inputs: [from.inputs[0]], after };
    },
    write: ({ attrs, inputs, opset }) => writeReduce('ReduceMean', attrs, inputs[0], opset >= 18),
  },
});
