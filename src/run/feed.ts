import type { Heap, HeapTensor } from '../wasm/heap.ts';

/** Brings values to all inputs of a program, in its order. */
export function feed(heap: Heap, inputs: readonly HeapTensor[], values: readonly ArrayLike<number>[]): void {
  inputs.forEach((input, i) => {
    heap.write(input, values[i]);
  });
}
