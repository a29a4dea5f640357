import * as assert from 'uvu/assert';
import type { DType } from '../../src/graph/graph.ts';
import { bytesOf, sizeOf, type Values } from '../../src/graph/graph.ts';
import { createRandom } from '../../src/random.ts';
import type { Heap, HeapTensor } from '../../src/wasm/heap.ts';

const CANARY = -86;
const FENCE = 48;

/** Random integers for kernels, of one seed. */
export function source(seed: number) {
  const random = createRandom(seed, 'integer kernels');
  const between = (low: number, high: number) => low + random.below(high - low + 1);
  return {
    between,
    i8: (n: number) => Int8Array.from({ length: n }, () => between(-128, 127)),
    i4: (n: number) => Int8Array.from({ length: n }, () => between(-8, 7)),
    i16: (n: number) => Int16Array.from({ length: n }, () => between(-32768, 32767)),
    bias: (n: number) => Int32Array.from({ length: n }, () => between(-30000, 30000)),
    /** Multipliers and shifts as real layers have them, or wild ones: wide apart, left shifts, powers of two. */
    factors: (n: number, wild: boolean) => ({
      multiplier: Array.from({ length: n }, () =>
        random.below(4) ? between(2 ** 30, 2 ** 31 - 1) : wild ? 2 ** 30 : 2 ** 31 - 1,
      ),
      shift: Array.from({ length: n }, () => (wild ? between(-31, 2) : between(-11, -7))),
    }),
  };
}

/** A tensor `skew` bytes off its alignment, between two fences. */
export function fenced(heap: Heap, dtype: DType, shape: readonly number[], skew: number, values?: Values) {
  const bytes = bytesOf(dtype, sizeOf(shape));
  const all = heap.tensor('i8', [bytes + 2 * FENCE + skew], new Int8Array(bytes + 2 * FENCE + skew).fill(CANARY));
  const tensor: HeapTensor = { dtype, shape, ptr: all.ptr + FENCE + skew };
  if (values) heap.write(tensor, values);
  return {
    tensor,
    /** Fails when a byte outside the tensor was written. */
    check() {
      const now = heap.read(all) as Int8Array;
      const outside = [...now.slice(0, FENCE + skew), ...now.slice(FENCE + skew + bytes)];
      assert.ok(
        outside.every((b) => b === CANARY),
        'a byte outside the output was written',
      );
    },
  };
}

/** Fails on the first element that differs. */
export function same(got: Values, want: Values): void {
  assert.is(got.length, want.length);
  for (let i = 0; i < got.length; i++) if (got[i] !== want[i]) assert.unreachable(`element ${i}: ${got[i]}, not ${want[i]}`);
}
