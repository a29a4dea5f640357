import { showShape } from '../graph/graph.ts';
import { split as splitAlong } from '../wasm/copy.ts';
import { sliceGradF32 } from '../wasm/movement_f32.ts';
import { inTurn, nothing } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { int64s, listOf } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { axisOf, mismatch } from './shapes.ts';

export interface Split {
  /** Counted from the front. */
  readonly axis: number;
  /** Places of each output along the axis. */
  readonly sizes: readonly number[];
}

const SPLIT = 49;
const SPLIT_V = 102;

/** One output for each size. */
export const split = defineOp<Split>({
  operands: 1,
  infer([x], { axis, sizes }) {
    const total = sizes.reduce((a, b) => a + b, 0);
    if (total !== x![axis]) {
      throw mismatch(
        `axis ${axis} of ${showShape(x!)} cannot be split into ${sizes.join(' + ')}`,
        `use sizes that add up to ${x![axis]}`,
      );
    }
    return sizes.map((n) => x!.map((d, i) => (i === axis ? n : d)));
  },
  float: {
    forward: (heap, { x: [x], y, attrs }) => splitAlong(heap, y, x!, attrs.axis),
    backward(heap, { dy, dx: [dx], attrs: { axis } }) {
      if (!dx) return nothing;
      const ones = dx.shape.map(() => 1);
      let begin = 0;
      return inTurn(
        dy.map((d) => {
          const at = dx.shape.map((_, k) => (k === axis ? begin : 0));
          begin += d.shape[axis];
          return sliceGradF32(heap, d, dx, at, ones, d.shape);
        }),
      );
    },
    saves: null,
  },
  lower: ({ x: [x], y, attrs: { axis } }) => kernelCall('split', moveForm('a split', x!, ...y), { x: x!, y }, { axis }),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: null,
  channels: ({ axis, sizes }, [x]) =>
    axis === x!.length - 1 ? { kind: 'split', sizes } : { kind: 'keep', along: [[0, x!.length - 1]] },
  work: 'moves',
  tflite: {
    codes: [SPLIT, SPLIT_V],
    read(from) {
      const x = from.code === SPLIT ? 1 : 0;
      const axis = axisOf(from.values(from.code === SPLIT ? 0 : 2)[0], from.shape(x).length);
      return { attrs: { axis, sizes: from.outputs.map((_, i) => from.outputShape(i)[axis]) }, inputs: [from.inputs[x]] };
    },
    write({ attrs: { axis, sizes }, inputs }) {
      const places = { name: 'axis', shape: [], values: [axis] };
      const options = { num_splits: sizes.length };
      return sizes.every((n) => n === sizes[0])
        ? { code: SPLIT, options, inputs: [places, inputs[0]] }
        : { code: SPLIT_V, options, inputs: [inputs[0], { name: 'sizes', shape: [sizes.length], values: sizes }, places] };
    },
  },
  axes: (a, from) => (from.includes(a.axis) ? { ...a, axis: from.indexOf(a.axis) } : null),
  onnx: {
    types: ['Split'],
    read(from) {
      const axis = axisOf(from.attributes.int('axis', 0), from.shape(0).length);
      const count = from.attributes.int('num_outputs', from.outputCount);
      const size = from.shape(0)[axis];
      const part = Math.ceil(size / count);
      const equal = Array.from({ length: count }, (_, i) => Math.min(part, size - i * part));
      return { attrs: { axis, sizes: [...(listOf(from, 'split', 1) ?? equal)] }, inputs: [from.inputs[0]] };
    },
    write: ({ attrs: { axis, sizes }, inputs }) => ({
      type: 'Split',
      attributes: { axis: { int: axis } },
      inputs: [inputs[0], int64s('split', sizes)],
    }),
  },
});
