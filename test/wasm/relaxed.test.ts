import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Heap } from '../../src/wasm/heap.ts';
import { compileWith } from './halves.ts';

const PROBE = 'assembly/int/relaxed_probe.ts';

/** What the probe says of a host whose relaxed dot is this expression of `w`, `a` and `sums`. */
async function probe(dot: string): Promise<number> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = await WebAssembly.instantiate(await compileWith(PROBE, dot), { env: { memory, singleRounding: 0 } });
  return (exports as unknown as { relaxed_dot_is_exact(): number }).relaxed_dot_is_exact();
}

const halves = (extension: string) =>
  ['low', 'high'].map((h) => `i32x4.dot_i16x8_s(i16x8.extend_${h}_i8x16_s(w), i16x8.extend_${h}_i8x16_${extension}(a))`).join();
const products = 'pairs(w, a)';
const wrapped = `i32x4.add(sums, ${products})`;
const overflows = `i32x4.shr_s(v128.and(v128.xor(sums, ${wrapped}), v128.xor(${products}, ${wrapped})), 31)`;
const limit = 'v128.xor(i32x4.shr_s(sums, 31), i32x4.splat(0x7fffffff))';

/** Dots that the standard allows, or that a host might have by mistake. */
const WRONG = {
  'the second operand is signed': `i32x4.add(sums, fours(${halves('s')}))`,
  'the operands change places': 'i32x4.add(sums, pairs(a, w))',
  'pairs of products saturate 16 bits': `i32x4.add(sums, i32x4.extadd_pairwise_i16x8_s(i16x8.narrow_i32x4_s(${halves('u')})))`,
  'sums saturate': `v128.bitselect(${limit}, ${wrapped}, ${overflows})`,
};

test('the probe says yes to exact dots', async () => assert.is(await probe(wrapped), 1));

for (const [what, dot] of Object.entries(WRONG)) {
  test(`the probe says no where ${what}`, async () => assert.is(await probe(dot), 0));
}

test('relaxed dots can be refused', async () => {
  const heap = await Heap.open({ relaxed: false });
  assert.is(heap.relaxed, false);
  assert.is(heap.int8, heap.wasm);
});

test('the second module puts nothing into the memory that it shares', () => {
  const wasm = readFileSync(new URL('../../dist/thumbnet_relaxed.wasm', import.meta.url));
  const sections: number[] = [];
  for (let at = 8; at < wasm.length; ) {
    sections.push(wasm[at++]);
    let bytes = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      bytes |= (wasm[at] & 127) << shift;
      more = wasm[at++] > 127;
    }
    at += bytes;
  }
  assert.ok(sections.includes(10), 'it has code');
  assert.not.ok(sections.includes(11), 'it has data');
});

test.run();
