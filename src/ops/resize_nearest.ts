import { resizeF32, resizeGradF32 } from '../wasm/resize_f32.ts';
import { nothing } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp } from './op.ts';
import { nearestParams, type Resize, resizeOnnx, resizeOutput, resizeTflite } from './resize_cells.ts';

/** Each output takes the nearest input. x [n, h, w, c]. */
export const resizeNearest = defineOp<Resize>({
  operands: 1,
  infer: ([x], a) => [resizeOutput(x!, a)],
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => resizeF32(heap, y, x!, { ...attrs, kind: 'nearest' }),
    backward: (heap, { dy: [dy], dx: [dx], attrs }) =>
      dx ? resizeGradF32(heap, dy, dx, { ...attrs, kind: 'nearest' }) : nothing,
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs }) =>
    kernelCall('resize_nearest', moveForm('a resize', x!, y), { x: x!, y }, nearestParams(x!.shape, attrs)),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: null,
  channels: () => ({ kind: 'keep', along: [[0, 3]] }),
  work: 'moves',
  tflite: resizeTflite(97),
  axes: null, // an image
  onnx: resizeOnnx('nearest'),
});
