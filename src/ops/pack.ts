import { showShape } from '../graph/graph.ts';
import { concat } from '../wasm/concat.ts';
import { insideGradF32 } from '../wasm/movement_f32.ts';
import type { Shape } from './dims.ts';
import { inTurn } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { int64s } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { axisOf, mismatch } from './shapes.ts';
import { seenAs } from './take_cells.ts';

export interface Pack {
  /** The new axis of the output, counted from the front. */
  readonly axis: number;
}

/** With a new axis of `places`. */
const along = (shape: Shape, axis: number, places: number) => [...shape.slice(0, axis), places, ...shape.slice(axis)];

/** Operands of one shape side by side along a new axis: a concatenation of views. */
export const pack = defineOp<Pack>({
  operands: 1,
  infer(x, { axis }) {
    const [first] = x;
    const other = x.find((s) => s?.join() !== first!.join());
    if (other !== undefined) {
      const shown = other ? showShape(other) : 'nothing';
      throw mismatch(`${showShape(first!)} and ${shown} cannot be packed`, 'give operands of one shape');
    }
    return [along(first!, axis, x.length)];
  },
  float: {
    forward: (heap, { x, y: [y], attrs: { axis } }) =>
      concat(
        heap,
        y,
        x.map((o) => seenAs(o!, along(o!.shape, axis, 1))),
        axis,
      ),
    backward: (heap, { dy: [dy], dx, attrs: { axis } }) =>
      inTurn(
        dx.flatMap((d, i) => {
          const at = dy.shape.map((_, k) => (k === axis ? i : 0));
          return d ? [insideGradF32(heap, dy, seenAs(d, along(d.shape, axis, 1)), at)] : [];
        }),
      ),
    saves: null,
  },
  lower({ x, y: [y], attrs: { axis } }) {
    const views = x.map((o) => seenAs(o!, along(o!.shape, axis, 1)));
    return kernelCall('concatenation', moveForm('a pack', y, ...views), { x: views, y }, { axis });
  },
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: null,
  channels: ({ axis }, x) =>
    axis < x[0]!.length ? { kind: 'keep', along: x.map((s, i) => [i, s!.length - 1]) } : { kind: 'fixed' },
  work: 'moves',
  tflite: {
    codes: [83],
    read: (from) => ({ attrs: { axis: axisOf(Number(from.options.axis), from.shape(0).length + 1) }, inputs: from.inputs }),
    write: ({ attrs: { axis }, inputs }) => ({ code: 83, options: { values_count: inputs.length, axis }, inputs }),
  },
  axes: null, // it makes an axis
  onnx: {
    types: [], // ONNX has it in sequences only
    read: () => null,
    write: ({ attrs: { axis }, inputs }) => ({
      type: 'Concat',
      attributes: { axis: { int: axis } },
      inputs: inputs.map((t) => ({ type: 'Unsqueeze', inputs: [t, int64s('axes', [axis])] })),
    }),
  },
});
