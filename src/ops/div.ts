import type { Activation } from '../graph/graph.ts';
import { binaryCell } from './float_cells.ts';
import { binaryOnnx } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { broadcast, keepChannels } from './shapes.ts';
import { readActivation, writeActivation } from './tflite_enums.ts';
import { perOutput } from './work.ts';

export interface Div {
  readonly activation: Activation;
}

export const div = defineOp<Div>({
  operands: 2,
  infer: ([a, b]) => [broadcast(a!, b!)],
  float: binaryCell('div'),
  lower: null, // TFLite divides real numbers and uint8 only
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: { activation: true, norm: false },
  channels: (_, x) => keepChannels(x),
  work: perOutput(4),
  tflite: {
    codes: [42],
    read: ({ options, inputs }) => ({ attrs: { activation: readActivation(options.fused_activation_function) }, inputs }),
    write: ({ attrs, inputs }) => ({
      code: 42,
      options: { fused_activation_function: writeActivation(attrs.activation) },
      inputs,
    }),
  },
  axes: 'each',
  onnx: {
    ...binaryOnnx('Div'),
    // by a constant it is a product, which integers have too
    read: (from) => (from.isConstant(1) ? null : binaryOnnx('Div').read(from)),
  },
});
