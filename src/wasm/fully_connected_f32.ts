import { CompressError } from '../errors.ts';
import { showShape, sizeOf } from '../graph/graph.ts';
import { type FloatActivation, rangeOf } from './activation.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { addressesOf, type LayerGradients } from './layer_gradients.ts';
import { packedFirst } from './pack_f32.ts';

export interface FullyConnectedF32 {
  readonly activation?: FloatActivation;
  /** The weights never change: they are packed once, when the step is made, else at each call. */
  readonly constant?: boolean;
}

/**
 * Float dense layer, y = clamp(x w' + bias).
 *
 * @param y    f32 [.., units], written by each call of the step
 * @param x    f32, read as [n, depth]
 * @param w    f32 [units, depth]
 * @param bias f32 [units], or null
 * @throws CompressError `shape-mismatch` when the depths differ
 */
export function fullyConnectedF32(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  w: HeapTensor,
  bias: HeapTensor | null,
  p: FullyConnectedF32 = {},
): Step {
  const [batch, depth, units] = sizes(y, x, w);
  const [low, high] = rangeOf(p.activation);
  const bytes = heap.wasm.gemm_packed_f32(depth, units);
  const packed = p.constant ? heap.alloc(bytes) : heap.scratch(bytes);
  return packedFirst(
    p.constant,
    () => heap.wasm.fully_connected_pack_f32(packed, w.ptr, depth, units),
    () => heap.wasm.fully_connected_f32(y.ptr, x.ptr, packed, bias?.ptr ?? 0, batch, depth, units, low, high),
  );
}

/** Gradients of `fullyConnectedF32`, ADDED to what they fill; see `convGradF32`. */
export function fullyConnectedGradF32(
  heap: Heap,
  dy: HeapTensor,
  { x, w, y }: { x: HeapTensor; w: HeapTensor; y: HeapTensor },
  to: LayerGradients,
  p: FullyConnectedF32 = {},
): Step {
  const [batch, depth, units] = sizes(y, x, w);
  const [low, high] = rangeOf(p.activation);
  const scratch = heap.scratch(heap.wasm.fully_connected_grad_scratch_f32(depth, units));
  const { dx, dw, dbias, fresh } = addressesOf(to);
  const all = [scratch, batch, depth, units, low, high, fresh] as const;
  return () => heap.wasm.fully_connected_grad_f32(dx, dw, dbias, dy.ptr, y.ptr, x.ptr, w.ptr, ...all);
}

function sizes(y: HeapTensor, x: HeapTensor, w: HeapTensor): [batch: number, depth: number, units: number] {
  const [units, depth] = w.shape;
  const batch = sizeOf(x.shape) / depth;
  if (!Number.isInteger(batch) || sizeOf(y.shape) !== batch * units) {
    throw new CompressError(
      'shape-mismatch',
      `input ${showShape(x.shape)} and output ${showShape(y.shape)} do not fit weights of ${units} units for ${depth} features`,
      'prune both sides of this layer together',
    );
  }
  return [batch, depth, units];
}
