import { split } from '../wasm/copy.ts';
import { sliceGradF32 } from '../wasm/movement_f32.ts';
import type { Shape } from './dims.ts';
import { inTurn, nothing } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp } from './op.ts';
import { axisOf } from './shapes.ts';
import { seenAs } from './take_cells.ts';

export interface Unpack {
  /** The axis that is removed, counted from the front. */
  readonly axis: number;
}

const one = (x: Shape, axis: number) => x.map((d, i) => (i === axis ? 1 : d));

/** An output for each place of an axis: a split into views. */
export const unpack = defineOp<Unpack>({
  operands: 1,
  infer: ([x], { axis }) => Array.from({ length: x![axis] }, () => x!.filter((_, i) => i !== axis)),
  float: {
    forward: (heap, { x: [x], y, attrs: { axis } }) =>
      split(
        heap,
        y.map((o) => seenAs(o, one(x!.shape, axis))),
        x!,
        axis,
      ),
    backward(heap, { dy, dx: [dx], attrs: { axis } }) {
      if (!dx) return nothing;
      const ones = dx.shape.map(() => 1);
      const at = (place: number) => dx.shape.map((_, k) => (k === axis ? place : 0));
      return inTurn(dy.map((d, i) => sliceGradF32(heap, d, dx, at(i), ones, one(dx.shape, axis))));
    },
    saves: null,
  },
  lower({ x: [x], y, attrs: { axis } }) {
    const views = y.map((o) => seenAs(o, one(x!.shape, axis)));
    return kernelCall('split', moveForm('an unpack', x!, ...y), { x: x!, y: views }, { axis });
  },
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: null,
  channels: ({ axis }, [x]) => (axis === x!.length - 1 ? { kind: 'fixed' } : { kind: 'keep', along: [[0, x!.length - 1]] }),
  work: 'moves',
  tflite: {
    codes: [88],
    read: (from) => ({ attrs: { axis: axisOf(Number(from.options.axis), from.shape(0).length) }, inputs: from.inputs }),
    write: ({ attrs: { axis }, inputs, shape }) => ({ code: 88, options: { num: shape(0)[axis], axis }, inputs }),
  },
  axes: null, // it drops an axis
  onnx: null, // ONNX has it in sequences only
});
