import { type Activation, showShape, sizeOf } from '../graph/graph.ts';
import { convF32, convGradF32 } from '../wasm/conv_f32.ts';
import type { Shape } from './dims.ts';
import { windowF32 } from './float_cells.ts';
import { layerForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { asImage, CHANNELS_FIRST, filterOf, isDepthwise, readOnnxWindow, writeOnnxWindow } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { layerParams, productMultipliers } from './requant.ts';
import { mismatch } from './shapes.ts';
import { biasType, withBias } from './tflite_cells.ts';
import {
  patchOf,
  reach,
  readDilation,
  readWindow,
  type Window,
  windowInt,
  windowOutput,
  writeDilation,
  writeWindow,
} from './window.ts';
import { products } from './work.ts';

export interface Conv2d extends Window {
  readonly activation: Activation;
  /** Output channels are split into this many groups, each reading its own part of the input's. */
  readonly groups?: number;
}

const params = (a: Conv2d, x: Shape, w: Shape) => ({ ...windowF32(a, x, [w[1], w[2]]), groups: a.groups });

/** x [n, h, w, c], w [out, kh, kw, c / groups], bias [out]. */
export const conv2d = defineOp<Conv2d>({
  operands: 2,
  infer([x, w], a) {
    if (x![3] !== w![3] * (a.groups ?? 1)) {
      throw mismatch(
        `input ${showShape(x!)} has ${x![3]} channels but weights ${showShape(w!)} read ${w![3] * (a.groups ?? 1)}`,
        'prune both sides of this layer together, or correct the weights',
      );
    }
    return [[x![0], ...windowOutput(a, [x![1], x![2]], [w![1], w![2]]), w![0]]];
  },
  float: {
    forward: (heap, { x: [x, w, bias], y: [y], attrs, training }) =>
      convF32(heap, y, x!, w!, bias, { ...params(attrs, x!.shape, w!.shape), constant: !training && w!.data !== null }),
    backward: (heap, { x: [x, w], y: [y], dy: [dy], dx: [dx, dw, dbias], fresh: [fresh], attrs }) =>
      convGradF32(heap, dy, { x: x!, w: w!, y }, { dx, dw, dbias: dbias ?? null, fresh }, params(attrs, x!.shape, w!.shape)),
    clears: [0],
    saves: null,
  },
  lower({ x: [x, w, bias = null], y: [y], attrs }) {
    const form = layerForm('a convolution', x!, w!, y);
    const { stride, padding, dilation } = windowInt(attrs, x!.shape, [w!.shape[1], w!.shape[2]]);
    const rescale = layerParams({ x: x!, bias, y }, productMultipliers(x!, w!, y), attrs.activation);
    const parameters = { ...rescale, stride, padding, dilation, groups: attrs.groups ?? 1 };
    return kernelCall('convolve', form, { x: x!, w: w!, bias, y }, parameters);
  },
  layer: { weights: 1, bias: 2, axis: 0, perChannel: true },
  trainable: [1, 2],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: { activation: true, norm: true },
  channels: (a, [x, w]) =>
    (a.groups ?? 1) > 1
      ? {
          kind: 'grouped',
          groups: a.groups ?? 1,
          in: [[1, 3]],
          out: [
            [1, 0],
            [2, 0],
          ],
        }
      : {
          kind: 'mix',
          in: [[1, 3]],
          out: [
            [1, 0],
            [2, 0],
          ],
          linear: reach(a, [x![1], x![2]], [w![1], w![2]]),
          reads: patchOf(a, [x![1], x![2]], [w![1], w![2]]),
        },
  work: ([, w], [y]) => products(sizeOf(y) * sizeOf(w!.slice(1))),
  tflite: {
    codes: [3],
    read: (from) => ({
      attrs: {
        ...readWindow(from.options),
        dilation: readDilation(from.options),
        groups: from.shape(0)[3] / from.shape(1)[3],
      },
      inputs: from.inputs,
    }),
    write({ attrs, inputs, shape, dtype }) {
      const { options, pads } = writeWindow(attrs, [shape(0)[1], shape(0)[2]], [shape(1)[1], shape(1)[2]]);
      const quantized_bias_type = biasType(dtype);
      return {
        code: 3,
        options: { ...options, ...writeDilation(attrs.dilation ?? [1, 1]), quantized_bias_type },
        inputs: withBias(inputs, shape(1)[0]),
        pads,
      };
    },
  },
  axes: null, // an image
  onnx: {
    types: ['Conv'],
    read(from) {
      const [, perGroup, ...window] = from.shape(1);
      const groups = from.attributes.int('group', 1);
      const rank = asImage(from);
      if (isDepthwise(from, groups)) return null;
      const weights = from.constantIn(1, rank === 4 ? [0, 2, 3, 1] : [0, -1, 2, 1]);
      if (from.shape(0)[3] !== perGroup * groups)
        throw mismatch(`an input of ${from.shape(0)[3]} channels for weights of ${perGroup * groups}`, 'correct the weights');
      const attrs = { ...readOnnxWindow(from, filterOf(from, window)), groups, activation: 'none' as const };
      return { attrs, inputs: [from.inputs[0], weights, ...from.inputs.slice(2)] };
    },
    write: ({ attrs, inputs: [x, w, ...bias], shape }) => ({
      type: 'Conv',
      attributes: {
        ...writeOnnxWindow(attrs, [shape(0)[1], shape(0)[2]], [shape(1)[1], shape(1)[2]]),
        group: { int: attrs.groups ?? 1 },
      },
      inputs: [x, { of: w, in: [0, 3, 1, 2] }, ...bias],
      order: CHANNELS_FIRST,
    }),
  },
});
