import type { Activation } from '../graph/graph.ts';
import { maxPoolF32, maxPoolGradF32 } from '../wasm/pool_f32.ts';
import { maxPoolInt } from '../wasm/pool_int.ts';
import { poolCost } from './cost.ts';
import { nothing, windowF32 } from './float_cells.ts';
import { defineOp, type Pair, type Shape } from './op.ts';
import { clampOf } from './requant.ts';
import { padBefore, readWindow, type Window, windowOutput, writeNamedWindow } from './window.ts';

export interface MaxPool2d extends Window {
  readonly activation: Activation;
  readonly filter: Pair;
}

const params = (a: MaxPool2d, x: Shape) => ({ ...windowF32(a, x, a.filter), filter: a.filter });

/** Largest value of a window. x [n, h, w, c]. */
export const maxPool2d = defineOp<MaxPool2d>({
  operands: 1,
  infer: ([x], a) => [[x![0], ...windowOutput(a, [x![1], x![2]], a.filter), x![3]]],
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => maxPoolF32(heap, y, x!, params(attrs, x!.shape)),
    backward: (heap, { x: [x], dy: [dy], dx: [dx], attrs }) =>
      dx ? maxPoolGradF32(heap, dy, x!, dx, params(attrs, x!.shape)) : nothing,
    saves: null,
  },
  integer: (heap, { x: [x], y: [y], attrs }) =>
    maxPoolInt(heap, y, x!, {
      filter: attrs.filter,
      stride: attrs.stride,
      pad: padBefore(attrs, x!.shape, attrs.filter),
      ...clampOf(attrs.activation, y),
    }),
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  channels: () => ({ kind: 'keep', along: [[0, 3]] }),
  cost: (call) => poolCost(call, 'max_pool', call.attrs, call.attrs.filter),
  tflite: {
    codes: [17],
    read: (from) => ({
      attrs: {
        ...readWindow(from.options),
        filter: [Number(from.options.filter_height), Number(from.options.filter_width)],
      },
      inputs: from.inputs,
    }),
    write({ attrs, inputs, shape }) {
      const window = writeNamedWindow(attrs, [shape(0)[1], shape(0)[2]], attrs.filter);
      return { code: 17, options: { ...window, filter_height: attrs.filter[0], filter_width: attrs.filter[1] }, inputs };
    },
  },
});
