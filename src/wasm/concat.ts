import { bytesOf, sizeOf } from '../graph/graph.ts';
import { sameShape } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/**
 * The inputs one after another along `axis` (counted from the front), any type. CMSIS-NN `arm_concatenation_s8_w/x/y/z`.
 *
 * @throws CompressError `shape-mismatch` where an input differs from y along another axis
 */
export function concat(heap: Heap, y: HeapTensor, xs: readonly HeapTensor[], axis: number): Step {
  const outer = sizeOf(y.shape.slice(0, axis));
  const yRow = bytesOf(y.dtype, sizeOf(y.shape.slice(axis)));
  let to = y.ptr;
  let total = 0;
  const parts = xs.map((x) => {
    total += x.shape[axis];
    sameShape(x.shape, y.shape.with(axis, x.shape[axis]), 'an input of concat');
    const part = { x: x.ptr, to, row: bytesOf(x.dtype, sizeOf(x.shape.slice(axis))) };
    to += part.row;
    return part;
  });
  sameShape(y.shape, y.shape.with(axis, total), 'the output of concat');
  return () => {
    for (let i = 0; i < parts.length; i++) heap.wasm.copy_rows(parts[i].to, parts[i].x, outer, parts[i].row, yRow);
  };
}
