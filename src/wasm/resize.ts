import { allOf, sameShape } from './check.ts';
import { elementBytes } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

export interface ResizeParams {
  /** The corners of both images fall together. */
  readonly alignCorners: boolean;
  /** Pixels are areas whose centres are sampled. */
  readonly halfPixelCenters: boolean;
}

const f = Math.fround;

/** Each output takes the nearest input, any type: TFLite's reference ResizeNearestNeighbor. x [n, h, w, c], y [n, outH, outW, c]. */
export function resizeNearest(heap: Heap, y: HeapTensor, x: HeapTensor, q: ResizeParams): Step {
  const [n, h, w, c] = x.shape;
  const [, outH, outW] = y.shape;
  sameShape(y.shape, [n, outH, outW, c], 'the output of a resize');
  const rows = heap.tensor('i32', [outH], nearest(h, outH, q)).ptr;
  const columns = heap.tensor('i32', [outW], nearest(w, outW, q)).ptr;
  const pixel = c * elementBytes(x.dtype);
  return () => heap.wasm.resize_nearest(y.ptr, x.ptr, n, h, w, outH, outW, pixel, rows, columns);
}

/** For each of `out` places the place of the input it takes, in float32 as TFLite counts. */
function nearest(size: number, out: number, { alignCorners, halfPixelCenters }: ResizeParams): Int32Array {
  const scale = alignCorners && out > 1 ? f((size - 1) / (out - 1)) : f(size / out);
  return Int32Array.from({ length: out }, (_, i) => {
    const at = f(f(i + (halfPixelCenters ? 0.5 : 0)) * scale);
    return Math.max(0, Math.min(alignCorners ? Math.floor(at + 0.5) : Math.floor(at), size - 1));
  });
}

/** Weighed from the four inputs around, int8 or int16 by y's type: TFLite's reference ResizeBilinearInteger. */
export function resizeBilinearInt(heap: Heap, y: HeapTensor, x: HeapTensor, q: ResizeParams): Step {
  const [n, h, w, c] = x.shape;
  const [, outH, outW] = y.shape;
  sameShape(y.shape, [n, outH, outW, c], 'the output of a resize');
  allOf(['i8', 'i16'], 'bilinear resizing', y, x);
  const kernel = y.dtype === 'i16' ? heap.wasm.resize_bilinear_s16 : heap.wasm.resize_bilinear_s8;
  const [scaleH, scaleW] = [step1024(h, outH, q), step1024(w, outW, q)];
  const half = q.halfPixelCenters ? 1 : 0;
  return () => kernel(y.ptr, x.ptr, n, h, w, outH, outW, c, scaleH, scaleW, half);
}

/** Input pixels for one output pixel in 1/1024, rounded. */
function step1024(size: number, out: number, { alignCorners }: ResizeParams): number {
  const [from, to] = alignCorners && out > 1 ? [size - 1, out - 1] : [size, out];
  return Math.floor((1024 * from + Math.floor(to / 2)) / to);
}
