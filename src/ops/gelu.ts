import { erf, tanh } from './elementary.ts';
import { defineOp } from './op.ts';
import { functionCells } from './unary_cells.ts';
import { perOutput } from './work.ts';

export interface Gelu {
  /** By tanh in place of the error function. */
  readonly approximate: boolean;
}

const exact = (x: number) => 0.5 * x * (1 + erf(x * Math.SQRT1_2));
const byTanh = (x: number) => 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));

/** x times the share of the normal distribution below x. */
export const gelu = defineOp<Gelu>({
  ...functionCells<Gelu>(
    'gelu',
    ({ approximate }) => (approximate ? 'geluTanh' : 'gelu'),
    (x, { approximate }) => (approximate ? byTanh(x) : exact(x)),
  ),
  tflite: {
    codes: [150],
    read: ({ options, inputs }) => ({ attrs: { approximate: Boolean(options.approximate) }, inputs }),
    write: ({ attrs, inputs }) => ({ code: 150, options: { approximate: attrs.approximate }, inputs }),
  },
  onnx: {
    types: ['Gelu'],
    read: ({ inputs, attributes }) => ({
      attrs: { approximate: attributes.text('approximate', 'none') === 'tanh' },
      inputs: [inputs[0]],
    }),
    write: ({ attrs, inputs }) => ({
      type: 'Gelu',
      attributes: { approximate: { text: attrs.approximate ? 'tanh' : 'none' } },
      inputs: [inputs[0]],
    }),
  },
  work: perOutput(30),
});
