import { CompressError } from '../errors.ts';
import { allOf } from '../wasm/check.ts';
import { l2NormalizationF32, l2NormalizationGradF32 } from '../wasm/l2_normalization.ts';
import { nothing } from './float_cells.ts';
import { kernelCall } from './kernel_call.ts';
import { lastAxis } from './onnx_cells.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { perTensor } from './requant.ts';
import { perOutput } from './work.ts';

/** Rows of the last axis divided by their lengths. */
export const l2Normalize = defineOp<NoAttrs>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: {
    forward: (heap, { x: [x], y: [y] }) => l2NormalizationF32(heap, y, x!),
    backward: (heap, { x: [x], y: [y], dy: [dy], dx: [dx] }) => (dx ? l2NormalizationGradF32(heap, dy, y, x!, dx) : nothing),
    saves: null,
  },
  lower({ x: [x], y: [y] }) {
    allOf(['i8'], 'an L2 normalization', x!, y);
    return kernelCall('l2_normalization', 's8', { x: x!, y }, { xOffset: -perTensor(x!).zero });
  },
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: [-1, 1],
  fuses: null,
  channels: () => ({ kind: 'fixed' }), // each channel's result depends on all
  work: perOutput(4),
  tflite: {
    codes: [11],
    read({ inputs, options }) {
      if (options.fused_activation_function)
        throw new CompressError('unsupported', 'an L2 normalization with an activation', 'leave the activation out');
      return { attrs: {}, inputs };
    },
    write: ({ inputs }) => ({ code: 11, options: { fused_activation_function: 0 }, inputs }),
  },
  axes: (a, from, rank) => (from.at(-1) === rank - 1 ? a : null),
  onnx: {
    types: ['LpNormalization'],
    read(from) {
      if (from.attributes.int('p', 2) !== 2) return null;
      lastAxis(from, from.attributes.int('axis', -1));
      return { attrs: {}, inputs: [from.inputs[0]] };
    },
    write: ({ inputs }) => ({ type: 'LpNormalization', attributes: { axis: { int: -1 }, p: { int: 2 } }, inputs }),
  },
});
