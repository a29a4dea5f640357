import { concat } from './concat.ts';
import { slice } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/** y = x behind `state` along `axis`, any type; then the state becomes the last places of y. */
export function stream(heap: Heap, y: HeapTensor, x: HeapTensor, state: HeapTensor, axis: number): Step {
  const join = concat(heap, y, [state, x], axis);
  const begin = y.shape.map((d, i) => (i === axis ? d - state.shape[i] : 0));
  const ones = y.shape.map(() => 1);
  const keep = slice(heap, state, y, begin, ones, state.shape);
  return () => {
    join();
    keep();
  };
}
