import type { BatchValues } from '../data/index.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import type { Program } from './compile.ts';

/** Brings values to all inputs of a program, in its order. */
export function feed(heap: Heap, inputs: readonly HeapTensor[], values: readonly ArrayLike<number>[]): void {
  inputs.forEach((input, i) => {
    heap.write(input, values[i]);
  });
}

/**
 * Runs a program on a batch, or on one example of several calls, from the beginning of its state.
 *
 * @param after done after each call
 */
export function runCalls(heap: Heap, program: Program, values: readonly BatchValues[], calls: number, after?: Step): void {
  program.reset();
  for (let call = 0; call < calls; call++) {
    const read = calls === 1 ? values : values.map((all) => callOf(all, call, calls));
    feed(heap, program.inputs, read);
    program.run();
    after?.();
  }
}

/** What one call of an example reads. */
export function callOf<T extends BatchValues>(values: T, call: number, calls: number): T {
  const size = values.length / calls;
  return values.subarray(call * size, (call + 1) * size) as T;
}
