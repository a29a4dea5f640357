import type { Activation } from '../graph/graph.ts';
import { elementwiseCost } from './cost.ts';
import { defineOp } from './op.ts';
import { broadcast, keepChannels } from './shapes.ts';
import { readActivation, writeActivation } from './tflite_enums.ts';

export interface Mul {
  readonly activation: Activation;
}

export const mul = defineOp<Mul>({
  operands: 2,
  infer: ([a, b]) => [broadcast(a!, b!)],
  float: null, // its kernel is not linked yet
  integer: null, // its kernel is not linked yet
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  channels: (_, x) => keepChannels(x),
  cost: (call) => elementwiseCost(call, 'elementwise_mul'),
  tflite: {
    codes: [18],
    read: (from) => ({ attrs: { activation: readActivation(from.options.fused_activation_function) }, inputs: from.inputs }),
    write: ({ attrs, inputs }) => ({
      code: 18,
      options: { fused_activation_function: writeActivation(attrs.activation) },
      inputs,
    }),
  },
});
