import { defineOp, type NoAttrs } from './op.ts';
import { plainTflite } from './tflite_cells.ts';
import { functionCells } from './unary_cells.ts';
import { perOutput } from './work.ts';

/** 1 / sqrt(x); of integers that are not positive the largest result (TFLite kernels/elementwise.cc, RsqrtEvalQuantized). */
export const rsqrt = defineOp<NoAttrs>({
  ...functionCells(
    'a reciprocal root',
    () => 'rsqrt',
    (x) => (x > 0 ? 1 / Math.sqrt(x) : 3e38),
  ),
  tflite: plainTflite(76),
  onnx: null, // ONNX writes it as Sqrt and Reciprocal
  work: perOutput(8),
});
