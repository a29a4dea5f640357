import { type Activation, showShape, sizeOf } from '../graph/graph.ts';
import { depthwiseConvF32, depthwiseConvGradF32 } from '../wasm/depthwise_conv_f32.ts';
import { windowF32 } from './float_cells.ts';
import { layerForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { asImage, CHANNELS_FIRST, filterOf, isDepthwise, readOnnxWindow, writeOnnxWindow } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { layerParams, productMultipliers } from './requant.ts';
import { mismatch } from './shapes.ts';
import { withBias } from './tflite_cells.ts';
import { reach, readDilation, readWindow, type Window, windowInt, windowOutput, writeDilation, writeWindow } from './window.ts';
import { products } from './work.ts';

export interface DepthwiseConv2d extends Window {
  readonly activation: Activation;
  /** Output channels for each input channel: c * multiplier + m comes from input channel c. */
  readonly multiplier: number;
}

/** x [n, h, w, c], w [1, kh, kw, c * multiplier], bias [c * multiplier]. */
export const depthwiseConv2d = defineOp<DepthwiseConv2d>({
  operands: 2,
  infer([x, w], a) {
    if (x![3] * a.multiplier !== w![3]) {
      throw mismatch(
        `input ${showShape(x!)} with multiplier ${a.multiplier} makes ${x![3] * a.multiplier} channels but weights are ${showShape(w!)}`,
        'prune both sides of this layer together, or correct the weights',
      );
    }
    return [[x![0], ...windowOutput(a, [x![1], x![2]], [w![1], w![2]]), w![3]]];
  },
  float: {
    forward: (heap, { x: [x, w, bias], y: [y], attrs }) =>
      depthwiseConvF32(heap, y, x!, w!, bias, windowF32(attrs, x!.shape, [w!.shape[1], w!.shape[2]])),
    backward(heap, { x: [x, w], y: [y], dy: [dy], dx: [dx, dw, dbias], fresh: [fresh], attrs }) {
      const p = windowF32(attrs, x!.shape, [w!.shape[1], w!.shape[2]]);
      return depthwiseConvGradF32(heap, dy, { x: x!, w: w!, y }, { dx, dw, dbias: dbias ?? null, fresh }, p);
    },
    clears: [0],
    saves: null,
  },
  lower({ x: [x, w, bias = null], y: [y], attrs }) {
    const form = layerForm('a depthwise convolution', x!, w!, y);
    const { stride, padding, dilation } = windowInt(attrs, x!.shape, [w!.shape[1], w!.shape[2]]);
    const rescale = layerParams({ x: x!, bias, y }, productMultipliers(x!, w!, y), attrs.activation);
    return kernelCall('depthwise_conv', form, { x: x!, w: w!, bias, y }, { ...rescale, stride, padding, dilation });
  },
  layer: { weights: 1, bias: 2, axis: 3, perChannel: true },
  trainable: [1, 2],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: { activation: true, norm: true },
  channels: (a, [x, w]) => ({
    kind: 'keep',
    along: [
      [0, 3],
      [1, 3],
      [2, 0],
    ],
    multiplier: a.multiplier,
    linear: reach(a, [x![1], x![2]], [w![1], w![2]]),
  }),
  work: ([, w], [y]) => products(sizeOf(y) * w![1] * w![2]),
  tflite: {
    codes: [4],
    read: (from) => ({
      attrs: {
        ...readWindow(from.options),
        dilation: readDilation(from.options),
        multiplier: from.shape(1)[3] / from.shape(0)[3],
      },
      inputs: from.inputs,
    }),
    write({ attrs, inputs, shape }) {
      const { options, pads } = writeWindow(attrs, [shape(0)[1], shape(0)[2]], [shape(1)[1], shape(1)[2]]);
      const depth_multiplier = attrs.multiplier;
      return {
        code: 4,
        options: { ...options, ...writeDilation(attrs.dilation ?? [1, 1]), depth_multiplier },
        inputs: withBias(inputs, shape(1)[3]),
        pads,
      };
    },
  },
  axes: null, // an image
  onnx: {
    types: ['Conv'],
    read(from) {
      const [out, , ...window] = from.shape(1);
      const groups = from.attributes.int('group', 1);
      const rank = asImage(from);
      if (!isDepthwise(from, groups)) return null;
      const weights = from.constantIn(1, rank === 4 ? [1, 2, 3, 0] : [1, -1, 2, 0]);
      const attrs = { ...readOnnxWindow(from, filterOf(from, window)), multiplier: out / groups, activation: 'none' as const };
      return { attrs, inputs: [from.inputs[0], weights, ...from.inputs.slice(2)] };
    },
    write: ({ attrs, inputs: [x, w, ...bias], shape }) => ({
      type: 'Conv',
      attributes: {
        ...writeOnnxWindow(attrs, [shape(0)[1], shape(0)[2]], [shape(1)[1], shape(1)[2]]),
        group: { int: shape(0)[3] },
      },
      inputs: [x, { of: w, in: [3, 0, 1, 2] }, ...bias],
      order: CHANNELS_FIRST,
    }),
  },
});
