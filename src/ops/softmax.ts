import { softmaxF32, softmaxGradF32 } from '../wasm/elementwise_f32.ts';
import { nothing } from './float_cells.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { softmaxAxis, unsupported } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { softmaxParams, softmaxParamsS16 } from './requant.ts';
import { perOutput } from './work.ts';

export interface Softmax {
  readonly beta: number;
}

/** exp(beta * x) over the last axis, divided by its sum. */
export const softmax = defineOp<Softmax>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: {
    forward: (heap, { x: [x], y: [y], attrs }) => softmaxF32(heap, y, x!, attrs.beta),
    backward: (heap, { y: [y], dy: [dy], dx: [dx], attrs }) => (dx ? softmaxGradF32(heap, dy, y, dx, attrs.beta) : nothing),
    saves: null,
  },
  lower: ({ x: [x], y: [y], attrs: { beta } }) => {
    const operands = { x: x!, y };
    if (x!.dtype === 'i16') return kernelCall('softmax', plainForm('softmax', x!, y), operands, softmaxParamsS16(x!, beta));
    return kernelCall('softmax', y.dtype === 'i16' ? 's8_s16' : plainForm('softmax', x!, y), operands, softmaxParams(x!, beta));
  },
  layer: null,
  trainable: [],
  memory: 'in-place',
  outputRange: [0, 1],
  fuses: null,
  channels: () => ({ kind: 'fixed' }),
  work: perOutput(30),
  tflite: {
    codes: [25],
    read: (from) => ({ attrs: { beta: Number(from.options.beta) }, inputs: from.inputs }),
    write: ({ attrs, inputs }) => ({ code: 25, options: { beta: attrs.beta }, inputs }),
  },
  axes: (a, from, rank) => (from.at(-1) === rank - 1 ? a : null),
  onnx: {
    types: ['Softmax'],
    read(from) {
      softmaxAxis(from);
      return { attrs: { beta: 1 }, inputs: [from.inputs[0]] };
    },
    write({ attrs, inputs }) {
      if (attrs.beta !== 1)
        throw unsupported(`a softmax with the factor ${attrs.beta}`, 'scale the input of the softmax instead');
      return { type: 'Softmax', attributes: { axis: { int: -1 } }, inputs };
    },
  },
});
