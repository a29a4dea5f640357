import { sizeOf } from '../graph/graph.ts';
import { allOf } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

export interface ArgExtremum {
  /** Counted from the front. */
  readonly axis: number;
  readonly largest: boolean;
}

/** Place of the largest or smallest element along an axis, the first of equals. y i32 or i64; x f32, i8, u8 or i16. */
export function argExtremum(heap: Heap, y: HeapTensor, x: HeapTensor, { axis, largest }: ArgExtremum): Step {
  allOf(['f32', 'i8', 'u8', 'i16'], 'a search along an axis', x);
  allOf(['i32', 'i64'], 'a place along an axis', y);
  const { wasm } = heap;
  const kernel = {
    f32: wasm.arg_extremum_f32,
    i8: wasm.arg_extremum_s8,
    u8: wasm.arg_extremum_u8,
    i16: wasm.arg_extremum_s16,
  }[x.dtype as 'f32'];
  const [outer, n, inner] = [sizeOf(x.shape.slice(0, axis)), x.shape[axis], sizeOf(x.shape.slice(axis + 1))];
  return () => kernel(y.ptr, x.ptr, outer, n, inner, Number(largest), Number(y.dtype === 'i64'));
}
