import { dequantize as toReals } from '../wasm/requantize_int.ts';
import { elementwiseCost } from './cost.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { perTensor } from './requant.ts';
import { keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';

/** Integers to the real numbers they mean. */
export const dequantize = defineOp<NoAttrs>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: null, // one side is always of integers
  integer: (heap, { x: [x], y: [y] }) => toReals(heap, y, x!, perTensor(x!)),
  trainable: [],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  cost: (call) => elementwiseCost(call, 'elementwise_mul', 2),
  tflite: plainTflite(6),
});
