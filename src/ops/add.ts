import type { Activation } from '../graph/graph.ts';
import { binaryCell } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { binaryOnnx } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { sumParams } from './requant.ts';
import { broadcast, keepChannels } from './shapes.ts';
import { sumTflite } from './tflite_cells.ts';
import { perOutput } from './work.ts';

export interface Add {
  readonly activation: Activation;
}

export const add = defineOp<Add>({
  operands: 2,
  infer: ([a, b]) => [broadcast(a!, b!)],
  float: binaryCell('add'),
  lower: ({ x: [a, b], y: [y], attrs }) =>
    kernelCall(
      'elementwise_add',
      plainForm('an addition', a!, b!, y),
      { x1: a!, x2: b!, y },
      sumParams(a!, b!, y, attrs.activation),
    ),
  layer: null,
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  fuses: { activation: true, norm: false },
  channels: (_, x) => keepChannels(x),
  work: perOutput(1),
  tflite: sumTflite(0),
  axes: 'each',
  onnx: binaryOnnx('Add'),
});
