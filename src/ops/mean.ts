import { sizeOf } from '../graph/graph.ts';
import { meanF32, meanGradF32 } from '../wasm/pool_f32.ts';
import { nothing } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp } from './op.ts';
import { type Reduce, reduceAxes, reducedChannels, reducedShape, reduceOnnx, reduceTflite } from './reduce_cells.ts';
import { meanParams } from './requant.ts';

export const mean = defineOp<Reduce>({
  operands: 1,
  infer: reducedShape,
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => meanF32(heap, y, x!, attrs.axes),
    backward: (heap, { dy: [dy], dx: [dx], attrs }) => (dx ? meanGradF32(heap, dy, dx, attrs.axes) : nothing),
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs }) =>
    kernelCall('mean', plainForm('a mean', x!, y), { x: x!, y }, meanParams(x!, y, attrs.axes)),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null,
  channels: reducedChannels,
  work: ([x]) => ({ macs: 0, steps: sizeOf(x!) }),
  tflite: reduceTflite(40),
  axes: reduceAxes,
  onnx: reduceOnnx('ReduceMean', ['GlobalAveragePool'], 18),
});
