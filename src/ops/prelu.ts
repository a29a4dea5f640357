import { allOf } from '../wasm/check.ts';
import { binaryCell } from './float_cells.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { preluParams } from './requant.ts';
import { broadcast, keepChannels } from './shapes.ts';
import { plainTflite } from './tflite_cells.ts';
import { perOutput } from './work.ts';

/** x above 0, x * slope below; slope for each channel or each place. */
export const prelu = defineOp<NoAttrs>({
  operands: 2,
  infer: ([x, slope]) => [broadcast(x!, slope!)],
  float: binaryCell('prelu'),
  lower({ x: [x, slope], y: [y] }) {
    allOf(['i8'], 'PReLU', x!, slope!, y);
    return kernelCall('prelu', 's8', { x1: x!, x2: slope!, y }, preluParams(x!, slope!, y));
  },
  layer: null,
  trainable: [1],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  work: perOutput(2),
  tflite: plainTflite(54),
  axes: 'each',
  onnx: {
    types: ['PRelu'],
    read: ({ inputs }) => ({ attrs: {}, inputs }),
    write: ({ inputs }) => ({ type: 'PRelu', inputs }),
  },
});
