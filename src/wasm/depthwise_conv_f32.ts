import { rangeOf } from './activation.ts';
import type { ConvF32 } from './conv_f32.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { addressesOf, type LayerGradients } from './layer_gradients.ts';
import { depthwiseGeometry, sizesOf } from './window.ts';

/** As for a convolution; weights are read as they are, so nothing is packed. */
export type DepthwiseConvF32 = Omit<ConvF32, 'groups' | 'constant'>;

/**
 * Float depthwise convolution; output channel i reads input channel floor(i / multiplier).
 *
 * @param y    f32 [n, outH, outW, c * multiplier], written by each call of the step
 * @param x    f32 [n, inH, inW, c]
 * @param w    f32 [1, kH, kW, c * multiplier]
 * @param bias f32 [c * multiplier], or null
 * @throws CompressError `shape-mismatch` when the channels do not fit
 */
export function depthwiseConvF32(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  w: HeapTensor,
  bias: HeapTensor | null,
  p: DepthwiseConvF32,
): Step {
  const g = depthwiseGeometry(y, x, w, p);
  const [low, high] = rangeOf(p.activation);
  const { outH, outW, outC, kH, kW, sH, sW, dH, dW } = g;
  const scratch = heap.scratch(heap.wasm.depthwise_conv_scratch_f32(outH, outW, outC, kH, kW, sH, sW, dH, dW));
  const all = sizesOf(g);
  return () => heap.wasm.depthwise_conv_f32(y.ptr, x.ptr, w.ptr, bias?.ptr ?? 0, scratch, x.shape[0], ...all, low, high);
}

/** Gradients of `depthwiseConvF32`, ADDED to what they fill; see `convGradF32`. */
export function depthwiseConvGradF32(
  heap: Heap,
  dy: HeapTensor,
  { x, w, y }: { x: HeapTensor; w: HeapTensor; y: HeapTensor },
  to: LayerGradients,
  p: DepthwiseConvF32,
): Step {
  const all = sizesOf(depthwiseGeometry(y, x, w, p));
  const [low, high] = rangeOf(p.activation);
  const scratch = heap.scratch(heap.wasm.depthwise_conv_grad_scratch_f32(...all));
  const { dx, dw, dbias, fresh } = addressesOf(to);
  return () =>
    heap.wasm.depthwise_conv_grad_f32(dx, dw, dbias, dy.ptr, y.ptr, x.ptr, w.ptr, scratch, x.shape[0], ...all, low, high, fresh);
}
