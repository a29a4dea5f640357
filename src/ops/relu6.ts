import { requantizeInt } from '../wasm/requantize_int.ts';
import { elementwiseCost } from './cost.ts';
import { clampCell } from './float_cells.ts';
import { defineOp } from './op.ts';
import { rescaleParams } from './requant.ts';

/** x clamped to 0..6 */
export const relu6 = defineOp<Record<never, never>>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: clampCell('relu6'),
  integer: (heap, { x: [x], y: [y] }) => requantizeInt(heap, y, x!, rescaleParams(x!, y, 'relu6')),
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  channels: (_, [x]) => ({ kind: 'keep', along: [[0, x!.length - 1]] }),
  cost: (call) => elementwiseCost(call, 'relu'),
  tflite: {
    codes: [21],
    read: (from) => ({ attrs: {}, inputs: from.inputs }),
    write: ({ inputs }) => ({ code: 21, options: {}, inputs }),
  },
});
