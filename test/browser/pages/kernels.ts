import { createRandom } from '../../../src/random.ts';
import { Heap } from '../../../src/wasm/heap.ts';
import { type PageResult, sha256 } from '../page.ts';

/** The module loads here as it does in Node, and its kernels give the same bytes. */
export default async function kernels(): Promise<PageResult> {
  const random = createRandom(1, 'browser kernels');
  const bytes = (n: number) => Int8Array.from({ length: n }, () => random.below(256) - 128);
  const heap = await Heap.open();
  const [batch, depth, units] = [3, 77, 19];
  const x = heap.tensor('i8', [batch, depth], bytes(batch * depth));
  const w = heap.tensor('i8', [units, depth], bytes(units * depth));
  const bias = heap.tensor(
    'i32',
    [units],
    Int32Array.from({ length: units }, () => random.below(20001) - 10000),
  );
  const y = heap.tensor('i8', [batch, units]);
  heap.wasm.fully_connected_s8_ref(y.ptr, x.ptr, w.ptr, bias.ptr, batch, depth, units, 5, 0, -3, 1518500250, -9, -128, 127);
  return { passed: 1, failures: [], digests: { fully_connected_s8: await sha256(heap.read(y)) } };
}
