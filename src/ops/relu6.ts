import { requantizeInt } from '../wasm/requantize_int.ts';
import { elementwiseCost } from './cost.ts';
import { clampCell } from './float_cells.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { rescaleParams } from './requant.ts';
import { keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';

/** x clamped to 0..6 */
export const relu6 = defineOp<NoAttrs>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: clampCell('relu6'),
  integer: (heap, { x: [x], y: [y] }) => requantizeInt(heap, y, x!, rescaleParams(x!, y, 'relu6')),
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  cost: (call) => elementwiseCost(call, 'relu'),
  tflite: plainTflite(21),
});
