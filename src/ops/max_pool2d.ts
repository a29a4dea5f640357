import { maxPoolF32, maxPoolGradF32 } from '../wasm/pool_f32.ts';
import { nothing } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp } from './op.ts';
import { type Pool, poolF32, poolInt, poolOnnx, poolOutput, poolTflite, poolWork } from './pool_cells.ts';

/** Largest value of a window. x [n, h, w, c]. */
export const maxPool2d = defineOp<Pool>({
  operands: 1,
  infer: ([x], a) => [poolOutput(x!, a)],
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => maxPoolF32(heap, y, x!, poolF32(attrs, x!.shape)),
    backward: (heap, { x: [x], dy: [dy], dx: [dx], attrs }) =>
      dx ? maxPoolGradF32(heap, dy, x!, dx, poolF32(attrs, x!.shape)) : nothing,
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs }) =>
    kernelCall('max_pool', plainForm('a pooling', x!, y), { x: x!, y }, poolInt(attrs, x!, y)),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: { activation: true, norm: false },
  channels: () => ({ kind: 'keep', along: [[0, 3]] }),
  work: poolWork,
  tflite: poolTflite(17),
  axes: null, // an image
  onnx: poolOnnx('MaxPool'),
});
