import { bytesOf, sizeOf } from '../graph/graph.ts';
import { allOf } from './check.ts';
import { transpose } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { transposeGradF32 } from './movement_f32.ts';

/** What is reduced: the axes that are removed, counted from the front, ascending, and whether the largest or the smallest is kept. */
export interface ReduceExtremum {
  readonly axes: readonly number[];
  readonly largest: boolean;
}

/** Largest or smallest element over `axes`, float, int8 or int16; integers of y have x's scale. */
export function reduceExtremum(heap: Heap, y: HeapTensor, x: HeapTensor, { axes, largest }: ReduceExtremum): Step {
  allOf(['f32', 'i8', 'i16'], 'a reduction', y, x);
  const { wasm } = heap;
  const kernel = { f32: wasm.reduce_extremum_f32, i8: wasm.reduce_extremum_s8, i16: wasm.reduce_extremum_s16 };
  const { outer, n, inner, moved, order } = together(heap, x, axes);
  const gather = order ? transpose(heap, moved, x, order) : null;
  const run = kernel[x.dtype as 'f32'];
  return () => {
    gather?.();
    run(y.ptr, moved.ptr, outer, n, inner, Number(largest));
  };
}

/** dx += dy at the first of equals. */
export function reduceExtremumGradF32(
  heap: Heap,
  dy: HeapTensor,
  { x, y }: { readonly x: HeapTensor; readonly y: HeapTensor },
  dx: HeapTensor,
  axes: readonly number[],
): Step {
  const { outer, n, inner, moved, order } = together(heap, x, axes);
  const { wasm } = heap;
  if (!order) return () => wasm.reduce_extremum_grad_f32(dx.ptr, dy.ptr, y.ptr, x.ptr, outer, n, inner);
  const [gather, part] = [transpose(heap, moved, x, order), heap.tensor('f32', moved.shape)];
  const scatter = transposeGradF32(heap, part, dx, order);
  return () => {
    gather();
    heap.clear(part);
    wasm.reduce_extremum_grad_f32(part.ptr, dy.ptr, y.ptr, moved.ptr, outer, n, inner);
    scatter();
  };
}

/** x with the removed axes side by side: x itself (`order` null) where they are, else memory for x in another order. */
function together(heap: Heap, x: HeapTensor, axes: readonly number[]) {
  const first = axes[0] ?? 0;
  const sizes = (list: readonly number[]) => sizeOf(list.map((i) => x.shape[i]));
  const n = sizes(axes);
  if (axes.every((axis, i) => axis === first + i)) {
    const outer = sizeOf(x.shape.slice(0, first));
    return { outer, n, inner: sizeOf(x.shape.slice(first + axes.length)), moved: x, order: null };
  }
  const order = [...x.shape.map((_, i) => i).filter((i) => !axes.includes(i)), ...axes];
  const shape = order.map((i) => x.shape[i]);
  const moved = { dtype: x.dtype, shape, ptr: heap.alloc(bytesOf(x.dtype, sizeOf(shape))) };
  return { outer: sizeOf(x.shape) / n, n, inner: 1, moved, order };
}
