import { plainOnnx } from './onnx_cells.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { plainTflite } from './tflite_cells.ts';
import { functionCells } from './unary_cells.ts';
import { perOutput } from './work.ts';

/** Square root; TFLite has no integer form. */
export const sqrt = defineOp<NoAttrs>({
  ...functionCells('a square root', () => 'sqrt', null),
  tflite: plainTflite(75),
  onnx: plainOnnx('Sqrt'),
  work: perOutput(4),
});
