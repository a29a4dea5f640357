import { folded } from './cost.ts';
import { defineOp } from './op.ts';

export interface BatchNorm {
  readonly epsilon: number;
}

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta. x [.., c], gamma, beta, mean, variance [c]. */
export const batchNorm = defineOp<BatchNorm>({
  operands: 5,
  infer: ([x]) => [[...x!]],
  float: null, // its kernel is not linked yet
  integer: null, // folded into the layer before it when a graph is quantized
  trainable: [1, 2],
  memory: 'in-place',
  outputRange: 'measured',
  channels: (_, [x]) => ({
    kind: 'keep',
    along: [
      [0, x!.length - 1],
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
    ],
  }),
  cost: folded,
  tflite: null, // folded when a graph is exported
});
