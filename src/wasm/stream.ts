import { concat } from './concat.ts';
import { copy, slice } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { sliceGradF32 } from './movement_f32.ts';

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

/** state = what it was before a call; null: zeros. */
export const restored = (heap: Heap, state: HeapTensor, before: HeapTensor | null): Step =>
  before ? copy(heap, state, before) : () => heap.clear(state);

/** dy += the gradient by the state behind a call, which is the last places of y. */
export const streamGradF32 = (heap: Heap, dnext: HeapTensor, dy: HeapTensor, axis: number): Step =>
  sliceGradF32(
    heap,
    dnext,
    dy,
    dy.shape.map((d, i) => (i === axis ? d - dnext.shape[i] : 0)),
    dy.shape.map(() => 1),
    dnext.shape,
  );
