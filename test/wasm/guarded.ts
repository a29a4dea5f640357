import * as assert from 'uvu/assert';
import type { Heap } from '../../src/wasm/heap.ts';

const CANARY = 32;
const FILL = 0xa5;

/** Address of a copy of `values` in memory, `misalign` bytes off an aligned one. */
export function placed(heap: Heap, values: ArrayBufferView, misalign = 0): number {
  const ptr = heap.alloc(values.byteLength + misalign) + misalign;
  new Uint8Array(heap.wasm.memory.buffer, ptr, values.byteLength).set(
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  return ptr;
}

/** Room for `bytes` of output between canaries; `read` asserts that they are alive and gives the bytes. */
export function guarded(heap: Heap, bytes: number, misalign = 0): { ptr: number; read(): Uint8Array } {
  const start = heap.alloc(bytes + 2 * CANARY + misalign);
  const total = bytes + 2 * CANARY + misalign;
  new Uint8Array(heap.wasm.memory.buffer, start, total).fill(FILL);
  const ptr = start + misalign + CANARY;
  return {
    ptr,
    read() {
      const room = new Uint8Array(heap.wasm.memory.buffer, start, total);
      const alive = (from: number, to: number) => room.subarray(from, to).every((b) => b === FILL);
      assert.ok(alive(0, ptr - start), 'something was written before the output');
      assert.ok(alive(ptr - start + bytes, total), 'something was written behind the output');
      return room.slice(ptr - start, ptr - start + bytes);
    },
  };
}

type Call = (y: number) => void;

/**
 * Asserts that both write the same bytes: the plain twin once, the fast kernel twice in a row at a misaligned place.
 * Each is given the address of its output.
 */
export function sameBytes(heap: Heap, bytes: number, misalign: number, plain: Call, fast: Call): void {
  const expected = guarded(heap, bytes);
  const got = guarded(heap, bytes, misalign);
  plain(expected.ptr);
  for (let round = 0; round < 2; round++) {
    fast(got.ptr);
    assert.equal(got.read(), expected.read());
  }
}
