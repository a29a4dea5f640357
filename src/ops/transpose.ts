import { showShape } from '../graph/graph.ts';
import { transpose as transposed } from '../wasm/copy.ts';
import { transposeGradF32 } from '../wasm/movement_f32.ts';
import { nothing } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp } from './op.ts';
import { mismatch } from './shapes.ts';

export interface Transpose {
  /** Dimension i of the output is dimension perm[i] of the input. */
  readonly perm: readonly number[];
}

export const transpose = defineOp<Transpose>({
  operands: 1,
  infer: ([x], { perm }) => {
    if (perm.length !== x!.length || x!.some((_, i) => !perm.includes(i))) {
      throw mismatch(
        `${showShape(perm)} is not an order of the ${x!.length} dimensions of ${showShape(x!)}`,
        'name each dimension once',
      );
    }
    return [perm.map((p) => x![p])];
  },
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => transposed(heap, y, x!, attrs.perm),
    backward: (heap, { dy: [dy], dx: [dx], attrs }) => (dx ? transposeGradF32(heap, dy, dx, attrs.perm) : nothing),
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs: { perm } }) => kernelCall('transpose', moveForm('a transpose', x!, y), { x: x!, y }, { perm }),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: null,
  channels: ({ perm }, [x]) =>
    perm[perm.length - 1] === x!.length - 1 ? { kind: 'keep', along: [[0, x!.length - 1]] } : { kind: 'fixed' },
  work: 'moves',
  tflite: {
    codes: [39],
    read: (from) => ({ attrs: { perm: from.values(1) }, inputs: [from.inputs[0]] }),
    write: ({ attrs, inputs }) => ({
      code: 39,
      options: {},
      inputs: [inputs[0], { name: 'perm', shape: [attrs.perm.length], values: attrs.perm }],
    }),
  },
  axes: null, // it is an order of axes itself
  onnx: {
    types: ['Transpose'],
    read(from) {
      const backwards = from.shape(0).map((_, i, all) => all.length - 1 - i);
      return { attrs: { perm: from.attributes.list('perm') ?? backwards }, inputs: [from.inputs[0]] };
    },
    write: ({ attrs, inputs }) => ({ type: 'Transpose', attributes: { perm: { ints: attrs.perm } }, inputs }),
  },
});
