import { sizeOf } from '../graph/graph.ts';
import type { Heap, HeapTensor } from './heap.ts';

/**
 * One step of an optimizer on one tensor: w changes, and dw is cleared for the next step.
 *
 * @param rate  learning rate of this step
 * @param step  number of this step, from 1
 * @param scale the gradient is multiplied by it first (clipping); 1 = as it is
 */
export type OptimizerStep = (rate: number, step: number, scale: number) => void;

export interface Sgd {
  readonly momentum: number;
  readonly nesterov?: boolean;
  /** L2: decay * w is added to the gradient. */
  readonly decay?: number;
}

/** v = momentum * v + g; w -= rate * v (or of Nesterov's look-ahead). `v` f32 as w, zero before the first step. */
export function sgdStepF32(heap: Heap, w: HeapTensor, dw: HeapTensor, v: HeapTensor, p: Sgd): OptimizerStep {
  const n = sizeOf(w.shape);
  const nesterov = p.nesterov ? 1 : 0;
  return (rate, _, scale) => heap.wasm.sgd_step_f32(w.ptr, dw.ptr, v.ptr, n, rate, p.momentum, nesterov, p.decay ?? 0, scale);
}

export interface Adam {
  /** Default 0.9, 0.999. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Adam: L2, added to the gradient. */
  readonly decay?: number;
  /** AdamW: w shrinks by rate * decoupled each step. */
  readonly decoupled?: number;
}

/** Adam and AdamW. `m`, `v` f32 as w, zero before the first step. */
export function adamStepF32(
  heap: Heap,
  w: HeapTensor,
  dw: HeapTensor,
  m: HeapTensor,
  v: HeapTensor,
  { betas = [0.9, 0.999], epsilon = 1e-8, decay = 0, decoupled = 0 }: Adam = {},
): OptimizerStep {
  const n = sizeOf(w.shape);
  return (rate, step, scale) =>
    heap.wasm.adam_step_f32(
      w.ptr,
      dw.ptr,
      m.ptr,
      v.ptr,
      n,
      rate,
      betas[0],
      betas[1],
      epsilon,
      1 - power(betas[0], step),
      1 - power(betas[1], step),
      decay,
      decoupled,
      scale,
    );
}

/** Square root of the sum of squares over all of `tensors`, for clipping. */
export function normF32(heap: Heap, tensors: readonly HeapTensor[]): number {
  let sum = 0;
  for (const t of tensors) sum += heap.wasm.sum_squares_f32(t.ptr, sizeOf(t.shape));
  return Math.sqrt(sum);
}

/**
 * One step of an exponential moving average: average = decay * average + (1 - decay) * w, corrected for its start at zero. The mean
 * divided by 1 - decay^step is the same as average += share * (w - average) with share = (1 - decay) / (1 - decay^step), so that
 * `average` f32 as w always holds the corrected mean: after the first step it is w.
 *
 * @param average f32 as w, zero before the first step
 * @param decay   0 <= decay < 1
 * @returns one step by its number, from 1
 */
export function emaStepF32(heap: Heap, average: HeapTensor, w: HeapTensor, decay: number): (step: number) => void {
  const n = sizeOf(w.shape);
  return (step) => heap.wasm.ema_step_f32(average.ptr, w.ptr, n, (1 - decay) / (1 - power(decay, step)));
}

/** w = 0 where mask (u8, as w) is 0. */
export function applyMaskF32(heap: Heap, w: HeapTensor, mask: HeapTensor): () => void {
  const n = sizeOf(w.shape);
  return () => heap.wasm.apply_mask_f32(w.ptr, mask.ptr, n);
}

/** base^n by squaring: Math.pow may differ from host to host. */
function power(base: number, n: number): number {
  let result = 1;
  for (let b = base, k = n; k > 0; k = Math.floor(k / 2), b *= b) if (k % 2) result *= b;
  return result;
}
