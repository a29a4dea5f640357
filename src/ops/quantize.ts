import { requantizeInt, quantize as toIntegers } from '../wasm/requantize_int.ts';
import { elementwiseCost } from './cost.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { perTensor, rescaleParams } from './requant.ts';
import { keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';

/** Real numbers, or integers of one scale, to integers of the output's scale. */
export const quantize = defineOp<NoAttrs>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: null, // one side is always of integers
  integer: (heap, { x: [x], y: [y] }) =>
    x!.dtype === 'f32' ? toIntegers(heap, y, x!, perTensor(y)) : requantizeInt(heap, y, x!, rescaleParams(x!, y)),
  trainable: [],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  cost: (call) => elementwiseCost(call, 'elementwise_mul', 4),
  tflite: plainTflite(114),
});
