import { resizeNearest as toNearest } from '../wasm/resize.ts';
import { resizeF32, resizeGradF32 } from '../wasm/resize_f32.ts';
import { copyCost } from './cost.ts';
import { nothing } from './float_cells.ts';
import { defineOp, type Pair } from './op.ts';

export interface ResizeNearest {
  /** Height and width of the output. */
  readonly size: Pair;
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** Each output takes the nearest input. x [n, h, w, c]. */
export const resizeNearest = defineOp<ResizeNearest>({
  operands: 1,
  infer: ([x], { size }) => [[x![0], ...size, x![3]]],
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => resizeF32(heap, y, x!, { ...attrs, kind: 'nearest' }),
    backward: (heap, { dy: [dy], dx: [dx], attrs }) =>
      dx ? resizeGradF32(heap, dy, dx, { ...attrs, kind: 'nearest' }) : nothing,
    saves: null,
  },
  integer: (heap, { x: [x], y: [y], attrs }) => toNearest(heap, y, x!, attrs),
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  channels: () => ({ kind: 'keep', along: [[0, 3]] }),
  cost: (call) => copyCost(call, call.y[0][3]),
  tflite: {
    codes: [97],
    read: (from) => ({
      attrs: {
        size: from.values(1) as unknown as Pair,
        alignCorners: Boolean(from.options.align_corners),
        halfPixelCenters: Boolean(from.options.half_pixel_centers),
      },
      inputs: [from.inputs[0]],
    }),
    write: ({ attrs, inputs }) => ({
      code: 97,
      options: { align_corners: attrs.alignCorners, half_pixel_centers: attrs.halfPixelCenters },
      inputs: [inputs[0], { name: 'size', shape: [2], values: attrs.size }],
    }),
  },
});
