import { identityCell } from './float_cells.ts';
import { dequantizeForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { perTensor } from './requant.ts';
import { keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';
import { perOutput } from './work.ts';

/** Integers to the real numbers they mean. */
export const dequantize = defineOp<NoAttrs>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: identityCell, // while both sides are floats, as in a stage
  lower: ({ x: [x], y: [y] }) => kernelCall('dequantize', dequantizeForm(x!, y), { x: x!, y }, perTensor(x!)),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  work: perOutput(2),
  tflite: plainTflite(6),
  axes: 'each',
  onnx: null, // DequantizeLinear has its scale as an operand: the reader and the writer take it from the tensors
});
