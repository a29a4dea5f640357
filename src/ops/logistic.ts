import { tableCost } from './cost.ts';
import { defineOp } from './op.ts';

/** 1 / (1 + exp(-x)) */
export const logistic = defineOp<Record<never, never>>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: null, // its kernel is not linked yet
  integer: null, // its kernel is not linked yet
  trainable: [],
  memory: 'in-place',
  outputRange: [0, 1],
  channels: (_, [x]) => ({ kind: 'keep', along: [[0, x!.length - 1]] }),
  cost: (call) => tableCost(call, 30),
  tflite: {
    codes: [14],
    read: (from) => ({ attrs: {}, inputs: from.inputs }),
    write: ({ inputs }) => ({ code: 14, options: {}, inputs }),
  },
});
