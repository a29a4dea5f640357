import { leakyReluF32, leakyReluGradF32 } from '../wasm/elementwise_f32.ts';
import { leakyReluParams } from './activation_params.ts';
import { nothing } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp } from './op.ts';
import { keepChannels } from './shapes.ts';
import { perOutput } from './work.ts';

export interface LeakyRelu {
  readonly alpha: number;
}

/** x where positive, alpha * x elsewhere. */
export const leakyRelu = defineOp<LeakyRelu>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => leakyReluF32(heap, y, x!, attrs.alpha),
    backward: (heap, { x: [x], dy: [dy], dx: [dx], attrs }) => (dx ? leakyReluGradF32(heap, dy, x!, dx, attrs.alpha) : nothing),
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs }) =>
    kernelCall('leaky_relu', plainForm('leaky relu', x!, y), { x: x!, y }, leakyReluParams(x!, y, attrs.alpha)),
  layer: null,
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  work: perOutput(2),
  tflite: {
    codes: [98],
    read: (from) => ({ attrs: { alpha: Number(from.options.alpha) }, inputs: from.inputs }),
    write: ({ attrs, inputs }) => ({ code: 98, options: { alpha: attrs.alpha }, inputs }),
  },
  axes: 'each',
  onnx: {
    types: ['LeakyRelu'],
    read: ({ inputs, attributes }) => ({ attrs: { alpha: attributes.float('alpha', 0.01) }, inputs }),
    write: ({ inputs, attrs }) => ({ type: 'LeakyRelu', attributes: { alpha: { float: attrs.alpha } }, inputs }),
  },
});
