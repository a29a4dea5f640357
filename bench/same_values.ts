import type { Heap, HeapTensor } from '../src/wasm/heap.ts';

/** Contenders are timed only if their answers are equal. */
export function needSameValues(heap: Heap, what: string, got: HeapTensor, want: HeapTensor): void {
  const [a, b] = [heap.read(got), heap.read(want)];
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) throw new Error(`${what}: element ${i} is ${a[i]}, not ${b[i]}`);
}
