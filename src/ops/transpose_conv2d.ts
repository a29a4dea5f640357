import { type Activation, showShape, sizeOf } from '../graph/graph.ts';
import { transposeConvF32, transposeConvGradF32 } from '../wasm/transpose_conv_f32.ts';
import { windowF32 } from './float_cells.ts';
import { layerForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp, type Pair } from './op.ts';
import { layerParams, productMultipliers } from './requant.ts';
import { mismatch } from './shapes.ts';
import { biasType, present } from './tflite_cells.ts';
import { padBefore, readWindow, type Window, windowOutput, writeNamedWindow } from './window.ts';
import { products } from './work.ts';

export interface TransposeConv2d extends Window {
  readonly activation: Activation;
  /** Height and width of the output: the size from which a convolution of this window would make the input's. */
  readonly outputSize: Pair;
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
});
