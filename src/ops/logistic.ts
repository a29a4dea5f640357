import { unaryF32, unaryGradF32 } from '../wasm/elementwise_f32.ts';
import { sigmoidParams, sigmoidParamsS16 } from './activation_params.ts';
import { nothing } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { plainOnnx } from './onnx_cells.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';
import { perOutput } from './work.ts';

/** 1 / (1 + exp(-x)) */
export const logistic = defineOp<NoAttrs>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: {
    forward: (heap, { x: [x], y: [y] }) => unaryF32(heap, 'logistic_f32', y, x!),
    backward: (heap, { y: [y], dy: [dy], dx: [dx] }) => (dx ? unaryGradF32(heap, 'logistic_grad_f32', dy, y, dx) : nothing),
    saves: null,
  },
  lower: ({ x: [x], y: [y] }) =>
    plainForm('logistic', x!, y) === 's16'
      ? kernelCall('activation', 's16', { x: x!, y }, { type: 'sigmoid', ...sigmoidParamsS16(x!, [0]) })
      : kernelCall('logistic', 's8', { x: x!, y }, sigmoidParams(x!)),
  layer: null,
  trainable: [],
  memory: 'in-place',
  outputRange: [0, 1],
  fuses: null,
  channels: (_, x) => keepChannels(x),
  work: perOutput(30),
  tflite: plainTflite(14),
  axes: 'each',
  onnx: plainOnnx('Sigmoid'),
});
