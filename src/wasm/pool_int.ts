import { CompressError } from '../errors.ts';
import { showShape } from '../graph/graph.ts';
import { allOf, sameShape } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

export interface PoolParams {
  /** Height and width of the window. */
  readonly filter: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Rows above and columns left of the input; what lies outside counts as nothing. */
  readonly padding: readonly [number, number];
  readonly yMin: number;
  readonly yMax: number;
}

/**
 * Average of a window, int8 or int16 by y's type, equal bit for bit to CMSIS-NN `arm_avgpool_s8` / `_s16`.
 *
 * @param y [n, outH, outW, c], of x's scale and zero point
 * @param x [n, h, w, c]
 * @throws CompressError `shape-mismatch` when batch or channels differ, or a window lies wholly outside the input
 */
export function avgPoolInt(heap: Heap, y: HeapTensor, x: HeapTensor, q: PoolParams): Step {
  return pool(y, x, q, y.dtype === 'i16' ? heap.wasm.avg_pool_s16 : heap.wasm.avg_pool_s8);
}

/** Maximum of a window; see {@link avgPoolInt}. */
export function maxPoolInt(heap: Heap, y: HeapTensor, x: HeapTensor, q: PoolParams): Step {
  return pool(y, x, q, y.dtype === 'i16' ? heap.wasm.max_pool_s16 : heap.wasm.max_pool_s8);
}

function pool(y: HeapTensor, x: HeapTensor, q: PoolParams, kernel: Heap['wasm']['avg_pool_s8']): Step {
  allOf(['i8', 'i16'], 'the pooling kernel', y, x);
  const [n, h, w, c] = x.shape;
  const [, outH, outW] = y.shape;
  const { filter, stride, padding, yMin, yMax } = q;
  sameShape(y.shape, [n, outH, outW, c], 'the output of a pool');
  const size = [h, w];
  [outH, outW].forEach((out, i) => {
    if (padding[i] < filter[i] && (out - 1) * stride[i] - padding[i] < size[i]) return;
    throw new CompressError(
      'shape-mismatch',
      `a window of ${showShape(filter)} with padding ${showShape(padding)} lies wholly outside an input of ${showShape(size)}`,
      'use less padding or a smaller output',
    );
  });
  return () =>
    kernel(y.ptr, x.ptr, n, h, w, c, outH, outW, filter[0], filter[1], stride[0], stride[1], padding[0], padding[1], yMin, yMax);
}
