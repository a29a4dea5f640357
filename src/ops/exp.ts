import { exp as exponential } from './elementary.ts';
import { plainOnnx } from './onnx_cells.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { plainTflite } from './tflite_cells.ts';
import { functionCells } from './unary_cells.ts';
import { perOutput } from './work.ts';
/** e^x */
export const exp = defineOp<NoAttrs>({
  ...functionCells('an exponential', () => 'exp', exponential),
  tflite: plainTflite(47),
  onnx: plainOnnx('Exp'),
  work: perOutput(20),
});
