import { sizeOf } from '../graph/graph.ts';
import type { Shape } from './dims.ts';
import { identityCell } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { int64s, listOf } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { last, resolveShape } from './shapes.ts';

export interface Reshape {
  /** 0 is the input's dimension at the same place (the batch), one -1 is what is left (so channels may be pruned). */
  readonly shape: readonly number[];
  /** The layer behind it would do the same: no file holds it (withFlattens). */
  readonly implied?: true;
}

const RESHAPE = 22;

const output = ({ shape }: Reshape, x: Shape) =>
  resolveShape(
    shape.map((d, i) => (d === 0 ? x[i] : d)),
    x,
  );

/** How TFLite's `to` is meant for any batch and any number of channels. */
function general(from: Shape, to: Shape): number[] {
  const shape = [...to];
  if (to.length > 1 && sizeOf(to) > 0) shape[to.length - 1] = -1;
  if (from[0] === 1 && to[0] === 1) shape[0] = 0;
  return shape;
}

export const reshape = defineOp<Reshape>({
  operands: 1,
  infer: ([x], a) => [output(a, x!)],
  float: identityCell,
  lower: ({ x: [x], y: [y] }) => kernelCall('copy', moveForm('a reshape', x!, y), { x: x!, y }, {}),
  layer: null,
  trainable: [],
  memory: 'view',
  outputRange: 'as-input',
  fuses: null,
  channels: (a, [x]) => {
    const y = output(a, x!);
    if (last(y) === last(x!)) return { kind: 'keep', along: [[0, x!.length - 1]] };
    return y.length === 2 && y[0] === x![0] && a.shape[1] === -1 ? { kind: 'flatten' } : { kind: 'fixed' };
  },
  work: null, // a view
  tflite: {
    codes: [RESHAPE, 43, 70], // SQUEEZE and EXPAND_DIMS only change the shape as well
    read: (from) => ({ attrs: { shape: general(from.shape(0), from.outputShape(0)) }, inputs: [from.inputs[0]] }),
    write({ attrs, inputs, outputShape }) {
      const y = outputShape(0);
      const values = y.map((d, i) => (i === 0 && attrs.shape[0] === 0 ? -1 : d));
      return { code: RESHAPE, options: { new_shape: values }, inputs: [inputs[0], { name: 'shape', shape: [y.length], values }] };
    },
  },
  axes: null, // it makes other axes
  onnx: {
    types: ['Reshape', 'Flatten'],
    read(from) {
      const x = from.shape(0);
      if (from.type === 'Flatten') {
        const axis = from.attributes.int('axis', 1);
        const at = axis < 0 ? axis + x.length : axis;
        return { attrs: { shape: general(x, [sizeOf(x.slice(0, at)), sizeOf(x.slice(at))]) }, inputs: [from.inputs[0]] };
      }
      const keepsZeros = from.attributes.int('allowzero', 0) === 1;
      const stated = listOf(from, 'shape', 1) ?? [];
      const shape = resolveShape(
        stated.map((d, i) => (d === 0 && !keepsZeros ? x[i] : d)),
        x,
      );
      return { attrs: { shape: general(x, shape) }, inputs: [from.inputs[0]] };
    },
    write({ attrs, inputs, outputShape }) {
      const y = outputShape(0);
      const values = y.map((d, i) => (attrs.shape[i] === 0 || attrs.shape[i] === -1 ? attrs.shape[i] : d));
      return { type: 'Reshape', inputs: [inputs[0], int64s('shape', values)] };
    },
  },
});
