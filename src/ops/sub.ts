import type { Activation } from '../graph/graph.ts';
import { subInt } from '../wasm/elementwise_int.ts';
import { elementwiseCost } from './cost.ts';
import { binaryCell } from './float_cells.ts';
import { defineOp } from './op.ts';
import { sumParams } from './requant.ts';
import { broadcast, keepChannels } from './shapes.ts';
import { sumTflite } from './tflite_cells.ts';

export interface Sub {
  readonly activation: Activation;
}

export const sub = defineOp<Sub>({
  operands: 2,
  infer: ([a, b]) => [broadcast(a!, b!)],
  float: binaryCell('sub'),
  integer: (heap, { x: [a, b], y: [y], attrs }) => subInt(heap, y, a!, b!, sumParams(a!, b!, y, attrs.activation)),
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  fuses: { activation: true, normAxis: null },
  channels: (_, x) => keepChannels(x),
  cost: (call) => elementwiseCost(call, 'elementwise_add'),
  tflite: sumTflite(41),
});
