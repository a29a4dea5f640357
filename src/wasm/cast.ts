import type { DType } from '../graph/graph.ts';
import { allOf, sameSize } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

const TYPES: readonly DType[] = ['i8', 'u8', 'i16', 'i32', 'i64', 'f32'];

/** The same numbers as y's type: integers keep their low bits, real numbers lose what is behind the point and saturate. */
export function cast(heap: Heap, y: HeapTensor, x: HeapTensor): Step {
  allOf(TYPES, 'a cast', x);
  allOf(TYPES, 'a cast', y);
  const n = sameSize(y, x);
  const [to, from] = [TYPES.indexOf(y.dtype), TYPES.indexOf(x.dtype)];
  return () => heap.wasm.cast(y.ptr, x.ptr, n, to, from);
}
