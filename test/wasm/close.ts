import * as assert from 'uvu/assert';
import { createRandom } from '../../src/random.ts';
import type { Heap, HeapTensor } from '../../src/wasm/heap.ts';

/** A copy of an f32 tensor's values. */
export const floats = (heap: Heap, t: HeapTensor): Float32Array => heap.read(t) as Float32Array;

/** Fails on the first place where |got - want| > tolerance * (1 + |want|). */
export function close(
  got: ArrayLike<number | bigint>,
  want: ArrayLike<number | bigint>,
  tolerance: number,
  what = 'value',
): void {
  assert.is(got.length, want.length, `${what}: length`);
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs(Number(got[i]) - Number(want[i]));
    if (!(error <= tolerance * (1 + Math.abs(Number(want[i]))))) assert.unreachable(`${what} ${i}: ${got[i]}, not ${want[i]}`);
  }
}

/** `n` float32 values, uniform in -1..1. */
export function noise(n: number, purpose: string, seed = 1): Float32Array {
  const random = createRandom(seed, purpose);
  return Float32Array.from({ length: n }, () => random.uniform() * 2 - 1);
}

/** Fills working memory with NaN, so that a step which reads what it did not write shows it. */
export function soil(heap: Heap): void {
  const bytes = 1 << 20;
  heap.wasm.fill_f32(heap.scratch(bytes), bytes / 4, Number.NaN);
}
