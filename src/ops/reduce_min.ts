import { defineOp } from './op.ts';
import { extremumCells, type Reduce, reduceOnnx, reduceTflite } from './reduce_cells.ts';

export const reduceMin = defineOp<Reduce>({
  ...extremumCells('the smallest of axes', false),
  tflite: reduceTflite(89),
  onnx: reduceOnnx('ReduceMin', [], 18),
});
