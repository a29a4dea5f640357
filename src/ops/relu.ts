import { elementwiseCost } from './cost.ts';
import { defineOp } from './op.ts';

/** max(x, 0) */
export const relu = defineOp<Record<never, never>>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: null, // its kernel is not linked yet
  integer: null, // its kernel is not linked yet
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  channels: (_, [x]) => ({ kind: 'keep', along: [[0, x!.length - 1]] }),
  cost: (call) => elementwiseCost(call, 'relu'),
  tflite: {
    codes: [19],
    read: (from) => ({ attrs: {}, inputs: from.inputs }),
    write: ({ inputs }) => ({ code: 19, options: {}, inputs }),
  },
});
