import { expm1 } from './elementary.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { plainTflite } from './tflite_cells.ts';
import { functionCells } from './unary_cells.ts';
import { perOutput } from './work.ts';

/** x above 0, exp(x) - 1 below. */
export const elu = defineOp<NoAttrs>({
  ...functionCells(
    'elu',
    () => 'elu',
    (x) => (x < 0 ? expm1(x) : x),
  ),
  tflite: plainTflite(111),
  onnx: {
    types: ['Elu'],
    read: ({ inputs, attributes }) => (attributes.float('alpha', 1) === 1 ? { attrs: {}, inputs: [inputs[0]] } : null),
    write: ({ inputs }) => ({ type: 'Elu', inputs: [inputs[0]] }),
  },
  work: perOutput(20),
});
