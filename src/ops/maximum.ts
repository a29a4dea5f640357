import { elementwiseCost } from './cost.ts';
import { defineOp } from './op.ts';
import { broadcast, keepChannels } from './shapes.ts';

export const maximum = defineOp<Record<never, never>>({
  operands: 2,
  infer: ([a, b]) => [broadcast(a!, b!)],
  float: null, // its kernel is not linked yet
  integer: null, // its kernel is not linked yet
  trainable: [],
  memory: 'in-place',
  outputRange: 'as-input',
  channels: (_, x) => keepChannels(x),
  cost: (call) => elementwiseCost(call, 'maximum'),
  tflite: {
    codes: [55],
    read: (from) => ({ attrs: {}, inputs: from.inputs }),
    write: ({ inputs }) => ({ code: 55, options: {}, inputs }),
  },
});
