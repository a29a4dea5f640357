import { binaryCell } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { pairOnnx } from './onnx_cells.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { broadcast, keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';
import { perOutput } from './work.ts';

export const minimum = defineOp<NoAttrs>({
  operands: 2,
  infer: ([a, b]) => [broadcast(a!, b!)],
  float: binaryCell('minimum'),
  lower: ({ x: [a, b], y: [y] }) => kernelCall('minimum', plainForm('a minimum', a!, b!, y), { x1: a!, x2: b!, y }, {}),
  layer: null,
  trainable: [],
  memory: 'in-place',
  outputRange: 'as-input',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  work: perOutput(1),
  tflite: plainTflite(57),
  axes: 'each',
  onnx: pairOnnx('Min'),
});
