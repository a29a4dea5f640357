import { type Activation, showShape, sizeOf } from '../graph/graph.ts';
import { transposeConvF32, transposeConvGradF32 } from '../wasm/transpose_conv_f32.ts';
import type { Pair } from './dims.ts';
import { windowF32 } from './float_cells.ts';
import { layerForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { asImage, CHANNELS_FIRST, filterOf, pairOf, unsupported, writeOnnxWindow } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import type { OnnxNode, OnnxRead } from './op_onnx.ts';
import { layerParams, productMultipliers } from './requant.ts';
import { mismatch } from './shapes.ts';
import { biasType, present } from './tflite_cells.ts';
import { padBefore, readWindow, sidesOf, type Window, windowOutput, writeNamedWindow } from './window.ts';
import { products } from './work.ts';

export interface TransposeConv2d extends Window {
  readonly activation: Activation;
  /** Height and width of the output: the size from which a convolution of this window would make the input's. */
  readonly outputSize: Pair;
}

/**
 * ConvTranspose. Padding that TFLite has no name for becomes a transposed convolution of the whole size, and a slice behind it.
 */
function readTransposed(from: OnnxRead): OnnxNode<TransposeConv2d> {
  const [, , ...window] = from.shape(1);
  if (from.attributes.int('group', 1) !== 1) throw unsupported('a transposed convolution in groups', 'use one without groups');
  const rank = asImage(from);
  const filter = filterOf(from, window);
  const stride = pairOf(from, 'strides', [1, 1]);
  if (pairOf(from, 'dilations', [1, 1]).some((d) => d !== 1))
    throw unsupported('a transposed convolution with dilation', 'use a dilation of 1');
  const [, h, w] = from.shape(0);
  const full: Pair = [(h - 1) * stride[0] + filter[0], (w - 1) * stride[1] + filter[1]];
  const { before, size } = placeIn(from, full, stride, [h, w]);
  const inputs = [from.inputs[0], from.constantIn(1, rank === 4 ? [1, 2, 3, 0] : [1, -1, 2, 0]), ...from.inputs.slice(2)];
  const attrs = { stride, activation: 'none' as const };
  const sides = sidesOf({ stride, padding: 'same' }, size, filter);
  const isSame =
    [0, 1].every((d) => Math.ceil(size[d] / stride[d]) === [h, w][d]) && sides.top === before[0] && sides.left === before[1];
  if (isSame) return { attrs: { ...attrs, padding: 'same', outputSize: size }, inputs };
  if (size[0] + before[0] > full[0] || size[1] + before[1] > full[1])
    throw unsupported('output_padding beyond what a transposed convolution reaches', 'use a smaller output_padding');
  const whole = { ...attrs, padding: 'valid' as const, outputSize: full };
  if (size[0] === full[0] && size[1] === full[1]) return { attrs: whole, inputs };
  const slice = {
    begin: [0, ...before, 0],
    end: [FAR, before[0] + size[0], before[1] + size[1], FAR],
    strides: [1, 1, 1, 1],
    shrink: [],
  };
  return { attrs: whole, inputs, after: [{ op: 'stridedSlice', attrs: slice }] };
}

const FAR = 0x7fffffff;

/** Where the output lies in that of the whole size, by `pads`, `output_padding`, `output_shape` and `auto_pad`. */
function placeIn(from: OnnxRead, full: Pair, stride: Pair, [h, w]: Pair): { before: Pair; size: Pair } {
  const more = pairOf(from, 'output_padding', [0, 0]);
  const stated = from.attributes.list('output_shape');
  const auto = from.attributes.text('auto_pad', 'NOTSET');
  const pads = from.attributes.list('pads') ?? [0, 0, 0, 0];
  const [top, left, bottom, right] = pads.length === 2 ? [0, pads[0], 0, pads[1]] : pads;
  if (!stated && !auto.startsWith('SAME')) {
    const size: Pair = [full[0] - top - bottom + more[0], full[1] - left - right + more[1]];
    return { before: [top, left], size };
  }
  const size: Pair = stated ? (stated.length === 1 ? [1, stated[0]] : [stated[0], stated[1]]) : [h * stride[0], w * stride[1]];
  const before = [0, 1].map((d) => {
    const total = Math.max(0, full[d] + more[d] - size[d]);
    return auto === 'SAME_UPPER' ? total >> 1 : total - (total >> 1);
  });
  return { before: before as unknown as Pair, size };
}

/** x [n, h, w, c], w [out, kh, kw, c], bias [out]. */
export const transposeConv2d = defineOp<TransposeConv2d>({
  operands: 2,
  infer([x, w], a) {
    const back = windowOutput(a, a.outputSize, [w![1], w![2]]);
    if (x![3] !== w![3] || back[0] !== x![1] || back[1] !== x![2]) {
      throw mismatch(
        `input ${showShape(x!)} does not belong to weights ${showShape(w!)} and an output of ${a.outputSize.join(' x ')}`,
        `give an input of [n, ${back.join(', ')}, ${w![3]}]`,
      );
    }
    return [[x![0], ...a.outputSize, w![0]]];
  },
  float: {
    forward: (heap, { x: [x, w, bias], y: [y], attrs }) =>
      transposeConvF32(heap, y, x!, w!, bias, windowF32(attrs, y.shape, [w!.shape[1], w!.shape[2]])),
    backward(heap, { x: [x, w], y: [y], dy: [dy], dx: [dx, dw, dbias], attrs }) {
      const p = windowF32(attrs, y.shape, [w!.shape[1], w!.shape[2]]);
      return transposeConvGradF32(heap, dy, { x: x!, w: w!, y }, { dx, dw, dbias: dbias ?? null }, p);
    },
    saves: null,
  },
  lower({ x: [x, w, bias = null], y: [y], attrs: { stride, activation, ...window } }) {
    const form = layerForm('a transposed convolution', x!, w!, y);
    const padding = padBefore({ ...window, stride }, y.shape, [w!.shape[1], w!.shape[2]]);
    const rescale = layerParams({ x: x!, bias, y }, productMultipliers(x!, w!, y), activation);
    return kernelCall('transpose_conv', form, { x: x!, w: w!, bias, y }, { ...rescale, stride, padding });
  },
  layer: { weights: 1, bias: 2, axis: 0, perChannel: true },
  trainable: [1, 2],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null, // only the newest TFLite kernels clamp
  channels: () => ({
    kind: 'mix',
    in: [[1, 3]],
    out: [
      [1, 0],
      [2, 0],
    ],
    linear: 'padded', // an output reads only the weights that its place meets
    reads: null, // an input is spread over places of the output
  }),
  work: ([x, w]) => products(sizeOf(x!.slice(0, 3)) * sizeOf(w!)),
  tflite: {
    codes: [67],
    read: (from) => ({
      attrs: { ...readWindow(from.options), outputSize: from.outputShape(0).slice(1, 3) as unknown as Pair },
      inputs: [from.inputs[2], from.inputs[1], ...from.inputs.slice(3)],
    }),
    write({ attrs, inputs: [x, w, ...bias], shape, outputShape, dtype }) {
      const window = writeNamedWindow(attrs, attrs.outputSize, [shape(1)[1], shape(1)[2]]);
      const size = { name: 'output_shape', shape: [4], values: outputShape(0) };
      return { code: 67, options: { ...window, quantized_bias_type: biasType(dtype) }, inputs: [size, w, x, ...present(bias)] };
    },
  },
  axes: null, // an image
  onnx: {
    types: ['ConvTranspose'],
    read: readTransposed,
    write({ attrs, inputs: [x, w, ...bias], shape }) {
      const filter: Pair = [shape(1)[1], shape(1)[2]];
      const window = writeOnnxWindow(attrs, attrs.outputSize, filter);
      const [top, left, bottom, right] = window.pads.ints;
      const reached = [0, 1].map((d) => (shape(0)[1 + d] - 1) * attrs.stride[d] + filter[d]);
      // rows and columns behind those that a window reaches
      const more = [attrs.outputSize[0] - reached[0] + top + bottom, attrs.outputSize[1] - reached[1] + left + right];
      return {
        type: 'ConvTranspose',
        attributes: { ...window, output_padding: { ints: more } },
        inputs: [x, { of: w, in: [3, 0, 1, 2] }, ...bias],
        order: CHANNELS_FIRST,
      };
    },
  },
});
