import { allOf, sameShape } from './check.ts';
import { elementBytes } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

export interface NearestParams {
  /** For each row and column of y the one of x that it takes. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

export interface BilinearParams {
  /** [h, w]: pixels of x for one of y, in 1/1024. */
  readonly step: readonly [number, number];
  /** Pixels are areas whose centres are sampled. */
  readonly halfPixelCenters: boolean;
}

/** Each output takes the nearest input, any type: TFLite's reference ResizeNearestNeighbor. x [n, h, w, c], y [n, outH, outW, c]. */
export function resizeNearest(heap: Heap, y: HeapTensor, x: HeapTensor, q: NearestParams): Step {
  const [n, h, w, c] = x.shape;
  const [outH, outW] = [q.rows.length, q.columns.length];
  sameShape(y.shape, [n, outH, outW, c], 'the output of a resize');
  const rows = heap.tensor('i32', [outH], q.rows).ptr;
  const columns = heap.tensor('i32', [outW], q.columns).ptr;
  const pixel = c * elementBytes(x.dtype);
  return () => heap.wasm.resize_nearest(y.ptr, x.ptr, n, h, w, outH, outW, pixel, rows, columns);
}

/** Weighed from the four inputs around, int8 or int16 by y's type: TFLite's reference ResizeBilinearInteger. */
export function resizeBilinearInt(heap: Heap, y: HeapTensor, x: HeapTensor, q: BilinearParams): Step {
  const [n, h, w, c] = x.shape;
  const [, outH, outW] = y.shape;
  sameShape(y.shape, [n, outH, outW, c], 'the output of a resize');
  allOf(['i8', 'i16'], 'bilinear resizing', y, x);
  const kernel = y.dtype === 'i16' ? heap.wasm.resize_bilinear_s16 : heap.wasm.resize_bilinear_s8;
  const [stepH, stepW] = q.step;
  const half = q.halfPixelCenters ? 1 : 0;
  return () => kernel(y.ptr, x.ptr, n, h, w, outH, outW, c, stepH, stepW, half);
}
