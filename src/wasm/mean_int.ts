import { bytesOf, sizeOf } from '../graph/graph.ts';
import { allOf, sameShape } from './check.ts';
import { transpose } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import type { RequantizeParams } from './requantize_int.ts';

/** Multiplier and shift are scale of x by scale of y by the number of elements averaged. */
export interface MeanParams extends RequantizeParams {
  /** Axes that disappear, counted from the front. */
  readonly axes: readonly number[];
}

/**
 * Mean over `axes`, int8 or int16 by y's type, equal bit for bit to TFLite's reference QuantizedMeanOrSum.
 *
 * @param y the shape of x without the axes, or with 1 in their place
 */
export function meanInt(heap: Heap, y: HeapTensor, x: HeapTensor, q: MeanParams): Step {
  allOf(['i8', 'i16'], 'the mean', y, x);
  const kept = x.shape.map((_, i) => i).filter((i) => !q.axes.includes(i));
  const reduced = x.shape.map((_, i) => i).filter((i) => q.axes.includes(i));
  sameShape([sizeOf(y.shape)], [sizeOf(kept.map((i) => x.shape[i]))], 'the output of a mean');
  const neighbours = reduced.every((axis, i) => i === 0 || axis === reduced[i - 1] + 1);
  const { xOffset, yOffset, multiplier, shift, yMin, yMax } = q;
  const kernel = y.dtype === 'i16' ? heap.wasm.mean_s16 : heap.wasm.mean_s8;
  const reduce = sizeOf(reduced.map((i) => x.shape[i]));
  if (neighbours) {
    const first = reduced[0] ?? 0;
    const outer = sizeOf(x.shape.slice(0, first));
    const inner = sizeOf(x.shape.slice(first + reduced.length));
    return () => kernel(y.ptr, x.ptr, outer, reduce, inner, xOffset, yOffset, multiplier, shift, yMin, yMax);
  }
  const order = [...kept, ...reduced];
  const shape = order.map((i) => x.shape[i]);
  const moved = { dtype: x.dtype, shape, ptr: heap.alloc(bytesOf(x.dtype, sizeOf(shape))) };
  const move = transpose(heap, moved, x, order);
  return () => {
    move();
    kernel(y.ptr, moved.ptr, sizeOf(y.shape), reduce, 1, xOffset, yOffset, multiplier, shift, yMin, yMax);
  };
}
