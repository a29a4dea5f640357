import type { Activation } from '../graph/graph.ts';
import { binaryCell } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { binaryOnnx } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { quantizeMultiplier } from './quantize_multiplier.ts';
import { clampOf, perTensor } from './requant.ts';
import { broadcast, keepChannels } from './shapes.ts';
import { readActivation, writeActivation } from './tflite_enums.ts';
import { perOutput } from './work.ts';

export interface Mul {
  readonly activation: Activation;
}

export const mul = defineOp<Mul>({
  operands: 2,
  infer: ([a, b]) => [broadcast(a!, b!)],
  float: binaryCell('mul'),
  lower: ({ x: [a, b], y: [y], attrs }) => {
    const product = perTensor(a!).scale * perTensor(b!).scale;
    return kernelCall(
      'elementwise_mul',
      plainForm('a multiplication', a!, b!, y),
      { x1: a!, x2: b!, y },
      {
        x1Offset: -perTensor(a!).zero,
        x2Offset: -perTensor(b!).zero,
        yOffset: perTensor(y).zero,
        ...quantizeMultiplier(product / perTensor(y).scale),
        ...clampOf(attrs.activation, y),
      },
    );
  },
  layer: null,
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  fuses: { activation: true, norm: false },
  channels: (_, x) => keepChannels(x),
  work: perOutput(1),
  tflite: {
    codes: [18],
    read: (from) => ({ attrs: { activation: readActivation(from.options.fused_activation_function) }, inputs: from.inputs }),
    write: ({ attrs, inputs }) => ({
      code: 18,
      options: { fused_activation_function: writeActivation(attrs.activation) },
      inputs,
    }),
  },
  axes: 'each',
  onnx: binaryOnnx('Mul'),
});
