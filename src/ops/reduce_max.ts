import { defineOp } from './op.ts';
import { extremumCells, type Reduce, reduceOnnx, reduceTflite } from './reduce_cells.ts';

export const reduceMax = defineOp<Reduce>({
  ...extremumCells('the largest of axes', true),
  tflite: reduceTflite(82),
  onnx: reduceOnnx('ReduceMax', ['GlobalMaxPool'], 18),
});
