import type { Heap, HeapTensor, Step } from './heap.ts';

export interface ResizeF32 {
  readonly kind: 'nearest' | 'bilinear';
  /** Corner pixels of input and output meet. */
  readonly alignCorners: boolean;
  /** Pixels are squares with their centre in the middle. */
  readonly halfPixelCenters: boolean;
}

/** Resizes images, as TFLite defines it. y f32 [n, outH, outW, c], x f32 [n, inH, inW, c]. */
export function resizeF32(heap: Heap, y: HeapTensor, x: HeapTensor, p: ResizeF32): Step {
  const all = list(y, x, p);
  const kernel = p.kind === 'nearest' ? heap.wasm.resize_nearest_f32 : heap.wasm.resize_bilinear_f32;
  return () => kernel(y.ptr, x.ptr, ...all, 0);
}

/** dx += the shares of dy. */
export function resizeGradF32(heap: Heap, dy: HeapTensor, dx: HeapTensor, p: ResizeF32): Step {
  const all = list(dy, dx, p);
  const kernel = p.kind === 'nearest' ? heap.wasm.resize_nearest_f32 : heap.wasm.resize_bilinear_f32;
  return () => kernel(dy.ptr, dx.ptr, ...all, 1);
}

function list(y: HeapTensor, x: HeapTensor, { alignCorners, halfPixelCenters }: ResizeF32) {
  const [n, inH, inW, c] = x.shape;
  return [n, inH, inW, c, y.shape[1], y.shape[2], alignCorners ? 1 : 0, halfPixelCenters ? 1 : 0] as const;
}
