import { avgPoolF32, avgPoolGradF32 } from '../wasm/pool_f32.ts';
import { nothing } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp } from './op.ts';
import { type Pool, poolF32, poolInt, poolOnnx, poolOutput, poolTflite, poolWork } from './pool_cells.ts';

/** Mean of a window; what lies outside the input is not counted. x [n, h, w, c]. */
export const avgPool2d = defineOp<Pool>({
  operands: 1,
  infer: ([x], a) => [poolOutput(x!, a)],
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => avgPoolF32(heap, y, x!, poolF32(attrs, x!.shape)),
    backward: (heap, { x: [x], y: [y], dy: [dy], dx: [dx], attrs }) =>
      dx ? avgPoolGradF32(heap, dy, y, dx, poolF32(attrs, x!.shape)) : nothing,
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs }) =>
    kernelCall('avg_pool', plainForm('a pooling', x!, y), { x: x!, y }, poolInt(attrs, x!, y)),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: { activation: true, norm: false },
  channels: () => ({ kind: 'keep', along: [[0, 3]] }),
  work: poolWork,
  tflite: poolTflite(1),
  axes: null, // an image
  onnx: poolOnnx('AveragePool'),
});
