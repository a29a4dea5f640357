import { dequantize as toReals } from '../wasm/requantize_int.ts';
import { elementwiseCost } from './cost.ts';
import { defineOp } from './op.ts';
import { perTensor } from './requant.ts';

/** Integers to the real numbers they mean. */
export const dequantize = defineOp<Record<never, never>>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: null, // one side is always of integers
  integer: (heap, { x: [x], y: [y] }) => toReals(heap, y, x!, perTensor(x!)),
  trainable: [],
  memory: 'fresh',
  outputRange: 'measured',
  channels: (_, [x]) => ({ kind: 'keep', along: [[0, x!.length - 1]] }),
  cost: (call) => elementwiseCost(call, 'elementwise_mul', 2),
  tflite: {
    codes: [6],
    read: (from) => ({ attrs: {}, inputs: from.inputs }),
    write: ({ inputs }) => ({ code: 6, options: {}, inputs }),
  },
});
