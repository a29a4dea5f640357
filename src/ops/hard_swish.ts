import { unaryF32, unaryGradF32 } from '../wasm/elementwise_f32.ts';
import { hardSwishParams } from './activation_params.ts';
import { nothing } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { plainOnnx } from './onnx_cells.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';
import { perOutput } from './work.ts';

/** x * relu6(x + 3) / 6 */
export const hardSwish = defineOp<NoAttrs>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: {
    forward: (heap, { x: [x], y: [y] }) => unaryF32(heap, 'hard_swish_f32', y, x!),
    backward: (heap, { x: [x], dy: [dy], dx: [dx] }) => (dx ? unaryGradF32(heap, 'hard_swish_grad_f32', dy, x!, dx) : nothing),
    saves: null,
  },
  lower: ({ x: [x], y: [y] }) => kernelCall('hard_swish', plainForm('hard swish', x!, y), { x: x!, y }, hardSwishParams(x!, y)),
  layer: null,
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  work: perOutput(4),
  tflite: plainTflite(117),
  axes: 'each',
  onnx: {
    ...plainOnnx('HardSwish'),
    write: ({ inputs: [x], opset }) => {
      if (opset >= 14) return { type: 'HardSwish', inputs: [x] };
      const attributes = { alpha: { float: 1 / 6 }, beta: { float: 0.5 } };
      return { type: 'Mul', inputs: [x, { type: 'HardSigmoid', attributes, inputs: [x] }] };
    },
  },
});
