import { sizeOf } from '../graph/graph.ts';
import { allOf, sameSize } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/** y = x / max(|x|, 1e-6), |x| the length of a row of the last axis; y may be x. */
export function l2NormalizationF32(heap: Heap, y: HeapTensor, x: HeapTensor): Step {
  const n = x.shape[x.shape.length - 1];
  const rows = sizeOf(x.shape) / n;
  return () => heap.wasm.l2_normalization_f32(y.ptr, x.ptr, rows, n);
}

export function l2NormalizationGradF32(heap: Heap, dy: HeapTensor, y: HeapTensor, x: HeapTensor, dx: HeapTensor): Step {
  const n = x.shape[x.shape.length - 1];
  const rows = sizeOf(x.shape) / n;
  return () => heap.wasm.l2_normalization_grad_f32(dx.ptr, dy.ptr, y.ptr, x.ptr, rows, n);
}

/** The same of int8, equal bit for bit to TFLite's reference. y of scale 1/128 and zero point 0; `xOffset` MINUS the zero point of x. */
export function l2NormalizationInt(heap: Heap, y: HeapTensor, x: HeapTensor, xOffset: number): Step {
  allOf(['i8'], 'an L2 normalization', y, x);
  const n = x.shape[x.shape.length - 1];
  const rows = sameSize(y, x) / n;
  return () => heap.wasm.l2_normalization_s8(y.ptr, x.ptr, rows, n, xOffset);
}
