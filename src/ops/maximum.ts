import { maximumInt } from '../wasm/elementwise_int.ts';
import { elementwiseCost } from './cost.ts';
import { binaryCell } from './float_cells.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { broadcast, keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';

export const maximum = defineOp<NoAttrs>({
  operands: 2,
  infer: ([a, b]) => [broadcast(a!, b!)],
  float: binaryCell('maximum'),
  integer: (heap, { x: [a, b], y: [y] }) => maximumInt(heap, y, a!, b!),
  trainable: [],
  memory: 'in-place',
  outputRange: 'as-input',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  cost: (call) => elementwiseCost(call, 'maximum'),
  tflite: plainTflite(55),
});
