import { type FloatActivation, rangeOf } from './activation.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { svdfSizes } from './svdf_int.ts';

/**
 * Float SVDF, as TFLite's.
 *
 * @param y        f32 [batch, units], written by each call of the step
 * @param x        f32 [batch, size]
 * @param state    f32 [batch, features * time], oldest first; changed by each call
 * @param wFeature f32 [features, size]
 * @param wTime    f32 [features, time]
 * @param bias     f32 [units] or null
 */
export function svdfF32(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  state: HeapTensor,
  wFeature: HeapTensor,
  wTime: HeapTensor,
  bias: HeapTensor | null,
  { rank, activation }: { readonly rank: number; readonly activation: FloatActivation },
): Step {
  const sizes = svdfSizes({ y, x, state, wFeature, wTime }, rank);
  const [low, high] = rangeOf(activation);
  const tensors = [y.ptr, x.ptr, state.ptr, wFeature.ptr, wTime.ptr, bias?.ptr ?? 0] as const;
  return () => heap.wasm.svdf_f32(...tensors, ...sizes, low, high);
}

/** Operands of `svdfF32` and their gradients, null where they are not needed. */
export interface SvdfGradients {
  readonly x: HeapTensor | null;
  readonly wFeature: HeapTensor | null;
  readonly wTime: HeapTensor | null;
  readonly bias: HeapTensor | null;
  /** Of what it was before the call. */
  readonly state: HeapTensor | null;
}

/**
 * Gradients of `svdfF32`, ADDED to what they fill.
 *
 * @param dnext by what the state became, or null where later calls do not count
 * @param state as the forward step left it
 */
export function svdfGradF32(
  heap: Heap,
  dy: HeapTensor,
  dnext: HeapTensor | null,
  { y, x, state, wFeature, wTime }: Readonly<Record<'y' | 'x' | 'state' | 'wFeature' | 'wTime', HeapTensor>>,
  to: SvdfGradients,
  { rank, activation }: { readonly rank: number; readonly activation: FloatActivation },
): Step {
  const sizes = svdfSizes({ y, x, state, wFeature, wTime }, rank);
  const [low, high] = rangeOf(activation);
  const filled = [to.x, to.wFeature, to.wTime, to.bias, to.state].map((t) => t?.ptr ?? 0) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const read = [dy.ptr, dnext?.ptr ?? 0, y.ptr, x.ptr, state.ptr, wFeature.ptr, wTime.ptr] as const;
  return () => heap.wasm.svdf_grad_f32(...filled, ...read, ...sizes, low, high);
}
