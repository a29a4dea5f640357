import { sizeOf } from '../graph/graph.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

export interface BatchNormOperands {
  /** f32 [c] each. */
  readonly gamma: HeapTensor;
  readonly beta: HeapTensor;
  readonly mean: HeapTensor;
  readonly variance: HeapTensor;
}

export interface BatchNormF32 {
  readonly epsilon: number;
  /** null: by `mean` and `variance`; else by the batch's own, and running averages become keep * old + (1 - keep) * batch. */
  readonly keep: number | null;
}

/**
 * y = (x - mean) / sqrt(variance + epsilon) * gamma + beta; y may be x.
 *
 * @param x     f32 [.., c]
 * @param saved f32 [2, c]: mean and 1 / sqrt(variance + epsilon) as used, for the gradient
 */
export function batchNormF32(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  { gamma, beta, mean, variance }: BatchNormOperands,
  saved: HeapTensor,
  { epsilon, keep }: BatchNormF32,
): Step {
  const [rows, c] = sizes(x);
  return () => {
    if (keep === null) heap.wasm.batch_norm_fixed_f32(saved.ptr, mean.ptr, variance.ptr, c, epsilon);
    else heap.wasm.batch_norm_batch_f32(saved.ptr, mean.ptr, variance.ptr, x.ptr, rows, c, epsilon, keep);
    heap.wasm.batch_norm_f32(y.ptr, x.ptr, gamma.ptr, beta.ptr, saved.ptr, rows, c);
  };
}

/** Gradients of `batchNormF32`, ADDED (`fresh`: dx is written); with `batch` they pass through the batch's statistics. */
export function batchNormGradF32(
  heap: Heap,
  dy: HeapTensor,
  { x, gamma, saved }: { x: HeapTensor; gamma: HeapTensor; saved: HeapTensor },
  to: { dx: HeapTensor | null; dgamma: HeapTensor | null; dbeta: HeapTensor | null; fresh?: boolean },
  batch: boolean,
): Step {
  const [rows, c] = sizes(x);
  const scratch = heap.scratch(8 * c);
  const [dx, dgamma, dbeta] = [to.dx?.ptr ?? 0, to.dgamma?.ptr ?? 0, to.dbeta?.ptr ?? 0];
  const fresh = Number(to.fresh ?? false);
  return () =>
    heap.wasm.batch_norm_grad_f32(dx, dgamma, dbeta, dy.ptr, x.ptr, gamma.ptr, saved.ptr, scratch, rows, c, batch ? 1 : 0, fresh);
}

function sizes(x: HeapTensor): [rows: number, c: number] {
  const c = x.shape[x.shape.length - 1];
  return [sizeOf(x.shape) / c, c];
}
