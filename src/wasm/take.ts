import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { elementBytes, stridesOf } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/** For each axis of x the places taken along it, in order; null: all of them in order. */
export type Places = readonly (readonly number[] | null)[];

/** y = x[places[0], places[1], ...], any type: NumPy's x[np.ix_(...)]. */
export function take(heap: Heap, y: HeapTensor, x: HeapTensor, places: Places): Step {
  const { counts, run, table } = plan(heap, x.shape, places);
  const bytes = elementBytes(y.dtype);
  return () => heap.wasm.take(y.ptr, x.ptr, bytes, table, ...counts, run);
}

/** Of `take`: ADDS each element of dy to the place of dx it was taken from. */
export function takeGradF32(heap: Heap, dy: HeapTensor, dx: HeapTensor, places: Places): Step {
  const { counts, run, table } = plan(heap, dx.shape, places);
  return () => heap.wasm.take_grad_f32(dx.ptr, dy.ptr, table, ...counts, run);
}

type Four = [number, number, number, number];

/** Axes taken whole behind the last list are one run; in front of it neighbours of them become one list. */
function plan(heap: Heap, shape: readonly number[], places: Places): { counts: Four; run: number; table: number } {
  const strides = stridesOf(shape);
  let end = shape.length;
  while (end > 0 && places[end - 1] === null) end--;
  const lists: number[][] = [];
  for (let i = 0; i < end; i++) {
    const own = (places[i] ?? Array.from({ length: shape[i] }, (_, p) => p)).map((p) => p * strides[i]);
    const joins = i > 0 && places[i] === null && places[i - 1] === null;
    if (joins) lists.push(lists.pop()!.flatMap((outer) => own.map((inner) => outer + inner)));
    else lists.push(own);
  }
  if (lists.length > 4) {
    throw new CompressError('unsupported', 'places are taken along more than four dimensions', 'reshape it to four');
  }
  const four = [[0], [0], [0], [0], ...lists].slice(-4);
  const table = heap.tensor('i32', [four.flat().length], four.flat()).ptr;
  return { counts: four.map((l) => l.length) as Four, run: sizeOf(shape.slice(end)), table };
}
