import { requantizeInt, quantize as toIntegers } from '../wasm/requantize_int.ts';
import { elementwiseCost } from './cost.ts';
import { defineOp } from './op.ts';
import { perTensor, rescaleParams } from './requant.ts';

/** Real numbers, or integers of one scale, to integers of the output's scale. */
export const quantize = defineOp<Record<never, never>>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: null, // one side is always of integers
  integer: (heap, { x: [x], y: [y] }) =>
    x!.dtype === 'f32' ? toIntegers(heap, y, x!, perTensor(y)) : requantizeInt(heap, y, x!, rescaleParams(x!, y)),
  trainable: [],
  memory: 'fresh',
  outputRange: 'measured',
  channels: (_, [x]) => ({ kind: 'keep', along: [[0, x!.length - 1]] }),
  cost: (call) => elementwiseCost(call, 'elementwise_mul', 4),
  tflite: {
    codes: [114],
    read: (from) => ({ attrs: {}, inputs: from.inputs }),
    write: ({ inputs }) => ({ code: 114, options: {}, inputs }),
  },
});
