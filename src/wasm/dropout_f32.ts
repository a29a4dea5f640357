import { sizeOf } from '../graph/graph.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/**
 * y = x / (1 - rate), or 0 with probability `rate`; y may be x.
 *
 * @param state i32 [2]: a seed, and the number of calls so far. The same state gives the same zeros in every host.
 */
export function dropoutF32(heap: Heap, y: HeapTensor, x: HeapTensor, state: HeapTensor, rate: number): Step {
  const n = sizeOf(x.shape);
  return () => heap.wasm.dropout_f32(y.ptr, x.ptr, state.ptr, n, rate);
}

/** dx += dy / (1 - rate) where the last call kept x. */
export function dropoutGradF32(heap: Heap, dy: HeapTensor, dx: HeapTensor, state: HeapTensor, rate: number): Step {
  const n = sizeOf(dx.shape);
  return () => heap.wasm.dropout_grad_f32(dx.ptr, dy.ptr, state.ptr, n, rate);
}
