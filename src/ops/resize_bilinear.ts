import { resizeBilinearInt } from '../wasm/resize.ts';
import { resizeF32, resizeGradF32 } from '../wasm/resize_f32.ts';
import { elementwiseCost } from './cost.ts';
import { nothing } from './float_cells.ts';
import { defineOp, type Pair } from './op.ts';

export interface ResizeBilinear {
  /** Height and width of the output. */
  readonly size: Pair;
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** Each output is weighed from the four inputs around it. x [n, h, w, c]. */
export const resizeBilinear = defineOp<ResizeBilinear>({
  operands: 1,
  infer: ([x], { size }) => [[x![0], ...size, x![3]]],
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => resizeF32(heap, y, x!, { ...attrs, kind: 'bilinear' }),
    backward: (heap, { dy: [dy], dx: [dx], attrs }) =>
      dx ? resizeGradF32(heap, dy, dx, { ...attrs, kind: 'bilinear' }) : nothing,
    saves: null,
  },
  integer: (heap, { x: [x], y: [y], attrs }) => resizeBilinearInt(heap, y, x!, attrs),
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  channels: () => ({ kind: 'keep', along: [[0, 3]] }),
  cost: (call) => elementwiseCost(call, 'elementwise_mul', 8, 4),
  tflite: {
    codes: [23],
    read: (from) => ({
      attrs: {
        size: from.values(1) as unknown as Pair,
        alignCorners: Boolean(from.options.align_corners),
        halfPixelCenters: Boolean(from.options.half_pixel_centers),
      },
      inputs: [from.inputs[0]],
    }),
    write: ({ attrs, inputs }) => ({
      code: 23,
      options: { align_corners: attrs.alignCorners, half_pixel_centers: attrs.halfPixelCenters },
      inputs: [inputs[0], { name: 'size', shape: [2], values: attrs.size }],
    }),
  },
});
