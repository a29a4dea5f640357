import { erf, tanh } from './elementary.ts';
import { defineOp } from './op.ts';
import type { OnnxConstant, OnnxWrite } from './op_onnx.ts';
import { functionCells } from './unary_cells.ts';
import { perOutput } from './work.ts';

export interface Gelu {
  /** By tanh in place of the error function. */
  readonly approximate: boolean;
}

const exact = (x: number) => 0.5 * x * (1 + erf(x * Math.SQRT1_2));
const byTanh = (x: number) => 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));

const number = (name: string, value: number): OnnxConstant => ({ name, type: 'f32', shape: [], values: [value] });
const pair = (type: string, ...inputs: OnnxWrite['inputs']): OnnxWrite => ({ type, inputs });

/** The operators that opsets before 20 have for it. */
function written(x: number, { approximate }: Gelu): OnnxWrite {
  const cube = pair('Mul', pair('Mul', x, x), pair('Mul', x, number('cubic', 0.044715)));
  const inner = approximate
    ? { type: 'Tanh', inputs: [pair('Mul', pair('Add', x, cube), number('slope', 0.7978845608028654))] }
    : { type: 'Erf', inputs: [pair('Mul', x, number('slope', Math.SQRT1_2))] };
  return pair('Mul', pair('Mul', x, number('half', 0.5)), pair('Add', inner, number('one', 1)));
}

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
    write: ({ attrs, inputs: [x], opset }) => {
      const attributes = { approximate: { text: attrs.approximate ? 'tanh' : 'none' } };
      return opset < 20 ? written(x, attrs) : { type: 'Gelu', attributes, inputs: [x] };
    },
  },
  work: perOutput(30),
});
