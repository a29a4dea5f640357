import { sizeOf } from '../graph/graph.ts';
import { meanF32, meanGradF32 } from '../wasm/pool_f32.ts';
import { nothing } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp } from './op.ts';
import { type Reduce, reduceAxes, reducedChannels, reducedShape, reduceOnnx, reduceTflite } from './reduce_cells.ts';
import { rescaleParams } from './requant.ts';

/** A mean without the division. Source: TFLite kernels/internal/reference/reduce.h, QuantizedMeanOrSum. */
export const sum = defineOp<Reduce>({
  operands: 1,
  infer: reducedShape,
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => meanF32(heap, y, x!, attrs.axes, false),
    backward: (heap, { dy: [dy], dx: [dx], attrs }) => (dx ? meanGradF32(heap, dy, dx, attrs.axes, false) : nothing),
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs: { axes } }) =>
    kernelCall('mean', plainForm('a sum', x!, y), { x: x!, y }, { ...rescaleParams(x!, y), axes }),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null,
  channels: reducedChannels,
  work: ([x]) => ({ macs: 0, steps: sizeOf(x!) }),
  tflite: reduceTflite(74),
  axes: reduceAxes,
  onnx: reduceOnnx('ReduceSum', [], 13),
});
