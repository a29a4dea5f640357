import { allOf } from '../wasm/check.ts';
import { binaryCell } from './float_cells.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { squaredDifferenceParams } from './requant.ts';
import { broadcast, keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';
import { perOutput } from './work.ts';

/** (a - b)^2 */
export const squaredDifference = defineOp<NoAttrs>({
  operands: 2,
  infer: ([a, b]) => [broadcast(a!, b!)],
  float: binaryCell('squaredDifference'),
  lower({ x: [a, b], y: [y] }) {
    allOf(['i8'], 'a squared difference', a!, b!, y);
    return kernelCall('squared_difference', 's8', { x1: a!, x2: b!, y }, squaredDifferenceParams(a!, b!, y));
  },
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  work: perOutput(2),
  tflite: plainTflite(99),
  axes: 'each',
  onnx: null, // ONNX writes it as Sub and Mul
});
