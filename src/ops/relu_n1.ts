import { clampCell } from './float_cells.ts';
import { requantizeForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { clampOnnx } from './onnx_cells.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { rescaleParams } from './requant.ts';
import { keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';
import { perOutput } from './work.ts';

/** x clamped to -1..1 */
export const reluN1 = defineOp<NoAttrs>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: clampCell('reluN1'),
  lower: ({ x: [x], y: [y] }) => kernelCall('requantize', requantizeForm(x!, y), { x: x!, y }, rescaleParams(x!, y, 'reluN1')),
  layer: null,
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  work: perOutput(1),
  tflite: plainTflite(20),
  axes: 'each',
  onnx: clampOnnx(-1, 1),
});
