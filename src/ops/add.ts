import type { Activation } from '../graph/graph.ts';
import { addInt } from '../wasm/elementwise_int.ts';
import { elementwiseCost } from './cost.ts';
import { binaryCell } from './float_cells.ts';
import { defineOp } from './op.ts';
import { sumParams } from './requant.ts';
import { broadcast, keepChannels } from './shapes.ts';
import { readActivation, writeActivation } from './tflite_enums.ts';

export interface Add {
  readonly activation: Activation;
}

export const add = defineOp<Add>({
  operands: 2,
  infer: ([a, b]) => [broadcast(a!, b!)],
  float: binaryCell('add'),
  integer: (heap, { x: [a, b], y: [y], attrs }) => addInt(heap, y, a!, b!, sumParams(a!, b!, y, attrs.activation)),
  trainable: [],
  memory: 'in-place',
  outputRange: 'measured',
  fuses: { activation: true, normAxis: null },
  channels: (_, x) => keepChannels(x),
  cost: (call) => elementwiseCost(call, 'elementwise_add'),
  tflite: {
    codes: [0],
    read: (from) => ({ attrs: { activation: readActivation(from.options.fused_activation_function) }, inputs: from.inputs }),
    write: ({ attrs, inputs, dtype }) => ({
      code: 0,
      options: { fused_activation_function: writeActivation(attrs.activation), pot_scale_int16: dtype(0) !== 'i16' },
      inputs,
    }),
  },
});
