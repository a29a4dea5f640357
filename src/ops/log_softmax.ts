import { allOf } from '../wasm/check.ts';
import { logSoftmaxF32, logSoftmaxGradF32 } from '../wasm/elementwise_f32.ts';
import { nothing } from './float_cells.ts';
import { kernelCall } from './kernel_call.ts';
import { softmaxAxis } from './onnx_cells.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { logSoftmaxParams } from './requant.ts';
import { plainTflite } from './tflite_cells.ts';
import { perOutput } from './work.ts';

/** x - log(sum of exp(x)) over the last axis. */
export const logSoftmax = defineOp<NoAttrs>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: {
    forward: (heap, { x: [x], y: [y] }) => logSoftmaxF32(heap, y, x!),
    backward: (heap, { y: [y], dy: [dy], dx: [dx] }) => (dx ? logSoftmaxGradF32(heap, dy, y, dx) : nothing),
    saves: null,
  },
  lower({ x: [x], y: [y] }) {
    allOf(['i8'], 'a logarithm of softmax', x!, y);
    return kernelCall('log_softmax', 's8', { x: x!, y }, logSoftmaxParams(x!));
  },
  layer: null,
  trainable: [],
  memory: 'in-place',
  outputRange: [-255 / 16, 1 / 16], // steps of 1/16 with 127 for 0
  fuses: null,
  channels: () => ({ kind: 'fixed' }),
  work: perOutput(30),
  tflite: plainTflite(50),
  axes: (a, from, rank) => (from.at(-1) === rank - 1 ? a : null),
  onnx: {
    types: ['LogSoftmax'],
    read(from) {
      softmaxAxis(from);
      return { attrs: {}, inputs: [from.inputs[0]] };
    },
    write: ({ inputs }) => ({ type: 'LogSoftmax', attributes: { axis: { int: -1 } }, inputs }),
  },
});
