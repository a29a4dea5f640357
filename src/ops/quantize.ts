import { identityCell } from './float_cells.ts';
import { quantizeForm, requantizeForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { perTensor, rescaleParams } from './requant.ts';
import { keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';
import { perOutput } from './work.ts';

/** Real numbers, or integers of one scale, to integers of the output's scale. */
export const quantize = defineOp<NoAttrs>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: identityCell, // while both sides are floats, as in a stage
  lower: ({ x: [x], y: [y] }) =>
    x!.dtype === 'f32'
      ? kernelCall('quantize', quantizeForm(x!, y), { x: x!, y }, perTensor(y))
      : kernelCall('requantize', requantizeForm(x!, y), { x: x!, y }, rescaleParams(x!, y)),
  layer: null,
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  work: perOutput(4),
  tflite: plainTflite(114),
  axes: 'each',
  onnx: null, // QuantizeLinear has its scale as an operand: the reader and the writer take it from the tensors
});
