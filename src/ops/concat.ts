import { CompressError } from '../errors.ts';
import { type Activation, showShape } from '../graph/graph.ts';
import { concat as concatAlong } from '../wasm/concat.ts';
import { clampF32 } from '../wasm/elementwise_f32.ts';
import { insideGradF32 } from '../wasm/movement_f32.ts';
import { inTurn, unclamped } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp, type PlacedOperand } from './op.ts';
import { axisOf, keepChannels, mismatch } from './shapes.ts';
import { readActivation, writeActivation } from './tflite_enums.ts';

export interface Concat {
  /** Counted from the front. */
  readonly axis: number;
  readonly activation: Activation;
}

export const concat = defineOp<Concat>({
  operands: 1,
  infer(x, { axis }) {
    const [first] = x;
    for (const s of x) {
      if (!s) throw mismatch('one of the joined operands is left out', 'give all of them');
      if (s.length !== first!.length || s.some((d, i) => i !== axis && d !== first![i])) {
        throw mismatch(
          `${showShape(first!)} and ${showShape(s)} cannot be joined along axis ${axis}`,
          'make all other dimensions equal',
        );
      }
    }
    return [first!.map((d, i) => (i === axis ? x.reduce((n, s) => n + s![axis], 0) : d))];
  },
  float: {
    forward(heap, { x, y: [y], attrs: { axis, activation } }) {
      const join = concatAlong(heap, y, x as PlacedOperand[], axis);
      return activation === 'none' ? join : inTurn([join, clampF32(heap, y, y, activation)]);
    },
    backward(heap, { y: [y], dy: [dy], x, dx, attrs: { axis, activation } }) {
      const { g, steps } = unclamped(heap, dy, y, activation);
      let begin = 0;
      dx.forEach((d, i) => {
        const at = y.shape.map((_, k) => (k === axis ? begin : 0));
        if (d) steps.push(insideGradF32(heap, g, d, at));
        begin += x[i]!.shape[axis];
      });
      return inTurn(steps);
    },
    saves: null,
  },
  lower: ({ x, y: [y], attrs: { axis, activation } }) => {
    withoutActivation(activation);
    const all = x.filter((o) => o !== null);
    return kernelCall('concatenation', moveForm('a concatenation', y, ...all), { x: all, y }, { axis });
  },
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: null, // TFLite's kernels refuse an activation
  channels: ({ axis }, x) => (axis === x[0]!.length - 1 ? { kind: 'concat' } : keepChannels(x)),
  work: 'moves',
  tflite: {
    codes: [2],
    read: ({ options, inputs, shape }) => ({
      attrs: {
        axis: axisOf(Number(options.axis), shape(0).length),
        activation: withoutActivation(readActivation(options.fused_activation_function)),
      },
      inputs,
    }),
    write: ({ attrs: { axis, activation }, inputs }) => ({
      code: 2,
      options: { axis, fused_activation_function: writeActivation(withoutActivation(activation)) },
      inputs,
    }),
  },
  axes: (a, from) => (from.includes(a.axis) ? { ...a, axis: from.indexOf(a.axis) } : null),
  onnx: {
    types: ['Concat'],
    read: (from) => ({
      attrs: { axis: axisOf(from.attributes.int('axis', 1), from.shape(0).length), activation: 'none' },
      inputs: from.inputs,
    }),
    write: ({ attrs, inputs }) => ({ type: 'Concat', attributes: { axis: { int: attrs.axis } }, inputs }),
  },
});

/** TFLite's schema has a place for an activation here, its kernels refuse one. */
function withoutActivation(activation: Activation): Activation {
  if (activation === 'none') return activation;
  throw new CompressError(
    'unsupported',
    `a concatenation with a fused ${activation} is not supported`,
    'write the activation as an operator of its own',
  );
}
