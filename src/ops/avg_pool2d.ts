import type { Activation } from '../graph/graph.ts';
import { avgPoolF32, avgPoolGradF32 } from '../wasm/pool_f32.ts';
import { avgPoolInt } from '../wasm/pool_int.ts';
import { poolCost } from './cost.ts';
import { nothing, windowF32 } from './float_cells.ts';
import { defineOp, type Pair, type Shape } from './op.ts';
import { clampOf } from './requant.ts';
import { padBefore, readWindow, type Window, windowOutput, writeNamedWindow } from './window.ts';

export interface AvgPool2d extends Window {
  readonly activation: Activation;
  readonly filter: Pair;
}

const params = (a: AvgPool2d, x: Shape) => ({ ...windowF32(a, x, a.filter), filter: a.filter });

/** Mean of a window; what lies outside the input is not counted. x [n, h, w, c]. */
export const avgPool2d = defineOp<AvgPool2d>({
  operands: 1,
  infer: ([x], a) => [[x![0], ...windowOutput(a, [x![1], x![2]], a.filter), x![3]]],
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => avgPoolF32(heap, y, x!, params(attrs, x!.shape)),
    backward: (heap, { x: [x], y: [y], dy: [dy], dx: [dx], attrs }) =>
      dx ? avgPoolGradF32(heap, dy, y, dx, params(attrs, x!.shape)) : nothing,
    saves: null,
  },
  integer: (heap, { x: [x], y: [y], attrs }) =>
    avgPoolInt(heap, y, x!, {
      filter: attrs.filter,
      stride: attrs.stride,
      pad: padBefore(attrs, x!.shape, attrs.filter),
      ...clampOf(attrs.activation, y),
    }),
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  channels: () => ({ kind: 'keep', along: [[0, 3]] }),
  cost: (call) => poolCost(call, 'avg_pool', call.attrs, call.attrs.filter),
  tflite: {
    codes: [1],
    read: (from) => ({
      attrs: {
        ...readWindow(from.options),
        filter: [Number(from.options.filter_height), Number(from.options.filter_width)],
      },
      inputs: from.inputs,
    }),
    write({ attrs, inputs, shape }) {
      const window = writeNamedWindow(attrs, [shape(0)[1], shape(0)[2]], attrs.filter);
      return { code: 1, options: { ...window, filter_height: attrs.filter[0], filter_width: attrs.filter[1] }, inputs };
    },
  },
});
