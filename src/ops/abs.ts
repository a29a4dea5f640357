import { plainOnnx } from './onnx_cells.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { plainTflite } from './tflite_cells.ts';
import { functionCells } from './unary_cells.ts';
import { perOutput } from './work.ts';

/** |x| */
export const abs = defineOp<NoAttrs>({
  ...functionCells('an absolute value', () => 'abs', Math.abs),
  tflite: plainTflite(101),
  onnx: plainOnnx('Abs'),
  work: perOutput(1),
});
