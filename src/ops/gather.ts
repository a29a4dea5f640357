import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import type { Shape } from './dims.ts';
import { defineOp } from './op.ts';
import { axisOf, mismatch } from './shapes.ts';
import { takeCells, takenChannels } from './take_cells.ts';

export interface Gather {
  /** Counted from the front. */
  readonly axis: number;
  /** The places taken along it, from 0 on. */
  readonly indices: readonly number[];
  /** Their shape, which replaces the axis in the output: [] for one place alone. */
  readonly shape: readonly number[];
}

const places = ({ axis, indices }: Gather, x: Shape) => x.map((_, i) => (i === axis ? indices : null));

export const gather = defineOp<Gather>({
  ...takeCells('a gather', places),
  infer([x], { axis, indices, shape }) {
    const wrong = indices.find((p) => !Number.isInteger(p) || p < 0 || p >= x![axis]);
    if (wrong !== undefined) throw mismatch(`place ${wrong} of ${x![axis]} along axis ${axis}`, 'take places that exist');
    if (sizeOf(shape) !== indices.length) throw mismatch(`${indices.length} places of shape ${shape}`, 'give as many places');
    return [[...x!.slice(0, axis), ...shape, ...x!.slice(axis + 1)]];
  },
  channels: ({ axis }, [x]) => takenChannels(axis !== x!.length - 1, x!),
  tflite: {
    codes: [36],
    read(from) {
      if (from.options.batch_dims)
        throw new CompressError('unsupported', 'a gather with batch dimensions is not supported', 'gather along one axis');
      const axis = axisOf(Number(from.options.axis), from.shape(0).length);
      return { attrs: { axis, indices: from.values(1), shape: from.shape(1) }, inputs: [from.inputs[0]] };
    },
    write: ({ attrs: { axis, indices, shape }, inputs }) => ({
      code: 36,
      options: { axis },
      inputs: [inputs[0], { name: 'indices', shape, values: indices }],
    }),
  },
  axes: (a, from) => (a.shape.length === 1 && from.includes(a.axis) ? { ...a, axis: from.indexOf(a.axis) } : null),
  onnx: {
    types: ['Gather'],
    read(from) {
      if (!from.isConstant(1) || from.shape(1).length !== 1 || from.shape(1)[0] < 2) return null;
      const axis = axisOf(from.attributes.int('axis', 0), from.shape(0).length);
      const indices = from.values(1).map((p) => axisOf(p, from.shape(0)[axis]));
      return { attrs: { axis, indices, shape: [indices.length] }, inputs: [from.inputs[0]] };
    },
    write: ({ attrs: { axis, indices, shape }, inputs }) => ({
      type: 'Gather',
      attributes: { axis: { int: axis } },
      inputs: [inputs[0], { name: 'indices', type: 'i64', shape, values: indices }],
    }),
  },
});
