import { sizeOf } from '../graph/graph.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/** What the zeros of a dropout follow from: the same draws give the same zeros in every host. */
export interface Draws {
  /** 32 bits of this layer's own: two layers of one seed would lose the same places. */
  readonly seed: number;
  /** i32 [1]: how many steps there were, counted up by the caller. */
  readonly step: HeapTensor;
}

/** y = x / (1 - rate), or 0 with probability `rate`; y may be x. */
export function dropoutF32(heap: Heap, y: HeapTensor, x: HeapTensor, rate: number, { seed, step }: Draws): Step {
  const n = sizeOf(x.shape);
  return () => heap.wasm.dropout_f32(y.ptr, x.ptr, n, rate, seed, step.ptr);
}

/** dx += dy / (1 - rate) where this step's forward pass kept x. */
export function dropoutGradF32(heap: Heap, dy: HeapTensor, dx: HeapTensor, rate: number, { seed, step }: Draws): Step {
  const n = sizeOf(dx.shape);
  return () => heap.wasm.dropout_grad_f32(dx.ptr, dy.ptr, n, rate, seed, step.ptr);
}
