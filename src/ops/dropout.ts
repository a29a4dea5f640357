import { copy } from '../wasm/copy.ts';
import { dropoutF32, dropoutGradF32 } from '../wasm/dropout_f32.ts';
import { addF32 } from '../wasm/movement_f32.ts';
import { nothing } from './float_cells.ts';
import { defineOp } from './op.ts';
import { keepChannels } from './shapes.ts';

export interface Dropout {
  /** Fraction of values that training sets to 0. */
  readonly rate: number;
}

/** While training some values are 0 and the others grow by 1 / (1 - rate); else nothing happens. */
export const dropout = defineOp<Dropout>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: {
    forward: (heap, { x: [x], y: [y], attrs, draws }) => (draws ? dropoutF32(heap, y, x!, attrs.rate, draws) : copy(heap, y, x!)),
    backward(heap, { dy: [dy], dx: [dx], attrs, draws }) {
      if (!dx) return nothing;
      return draws ? dropoutGradF32(heap, dy, dx, attrs.rate, draws) : addF32(heap, dx, dy);
    },
    saves: null,
  },
  lower: null, // it exists only while training
  layer: null,
  trainable: [],
  memory: 'view',
  outputRange: 'as-input',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  work: null, // a view
  tflite: null, // left out when a graph is exported
  axes: 'each',
  onnx: {
    types: ['Dropout'],
    read(from) {
      from.attributes.int('seed', 0);
      const rate = from.isThere(1) ? from.values(1)[0] : from.attributes.float('ratio', 0.5);
      return from.outputCount === 1 ? { attrs: { rate }, inputs: [from.inputs[0]] } : null;
    },
    write: ({ inputs }) => ({ type: 'Identity', inputs }),
  },
});
