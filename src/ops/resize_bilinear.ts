import { resizeF32, resizeGradF32 } from '../wasm/resize_f32.ts';
import { nothing } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp } from './op.ts';
import { bilinearParams, type Resize, resizeOnnx, resizeOutput, resizeTflite } from './resize_cells.ts';
import { perOutput } from './work.ts';

/** Each output is weighed from the four inputs around it. x [n, h, w, c]. */
export const resizeBilinear = defineOp<Resize>({
  operands: 1,
  infer: ([x], a) => [resizeOutput(x!, a)],
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => resizeF32(heap, y, x!, { ...attrs, kind: 'bilinear' }),
    backward: (heap, { dy: [dy], dx: [dx], attrs }) =>
      dx ? resizeGradF32(heap, dy, dx, { ...attrs, kind: 'bilinear' }) : nothing,
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs }) =>
    kernelCall('resize_bilinear', plainForm('bilinear resizing', x!, y), { x: x!, y }, bilinearParams(x!.shape, attrs)),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: null,
  channels: () => ({ kind: 'keep', along: [[0, 3]] }),
  work: perOutput(8),
  tflite: resizeTflite(23),
  axes: null, // an image
  onnx: resizeOnnx('linear'),
});
