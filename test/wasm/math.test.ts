import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Heap } from '../../src/wasm/heap.ts';
import { floats } from './close.ts';

/** Elementary functions over the whole range of float32: every 20011th bit pattern, and all of the ends. */

const DEFINITIONS = {
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  logistic: (v: number) => 1 / (1 + Math.exp(-v)),
  rsqrt: (v: number) => 1 / Math.sqrt(v),
};
const STRIDE = 20011;
const heap = await Heap.open();

const patterns = new Uint32Array(Math.ceil(2 ** 32 / STRIDE) + 3 * 4096);
for (let i = 0; i < patterns.length; i++) patterns[i] = i * STRIDE;
// Around zero, one, and infinity.
[0, 0x3f800000 - 2048, 0x7f800000 - 4096].forEach((from, k) => {
  for (let i = 0; i < 4096; i++) patterns[patterns.length - 1 - k * 4096 - i] = from + i;
});
const values = new Float32Array(patterns.buffer);

/** Distance of neighbouring float32 around v. */
function ulp(v: number): number {
  const exponent = v === 0 ? -149 : Math.floor(Math.log2(Math.abs(v)));
  return 2 ** (Math.max(exponent, -126) - 23);
}

for (const [name, define] of Object.entries(DEFINITIONS)) {
  const kernel = `${name}_f32` as `${keyof typeof DEFINITIONS}_f32`;
  test(`${name}: at most 2 ulp off, limits exact`, () =>
    heap.scope(() => {
      const x = heap.tensor('f32', [values.length], values);
      const y = heap.tensor('f32', [values.length]);
      heap.wasm[kernel](y.ptr, x.ptr, values.length);
      const got = floats(heap, y);
      let worst = 0;
      values.forEach((v, i) => {
        const exact = define(v);
        const limit = Math.fround(exact);
        if (Number.isNaN(v) || Number.isNaN(exact)) return;
        if (!Number.isFinite(limit)) assert.is(got[i], limit, `${name}(${v})`);
        else worst = Math.max(worst, Math.abs(got[i] - exact) / ulp(exact));
      });
      assert.ok(worst <= 2, `${worst} ulp`);
    }));

  test(`${name}: a value alone has the bits it has in a vector`, () =>
    heap.scope(() => {
      const few = values.filter((v, i) => i % 101 === 0 && !Number.isNaN(define(v)));
      const [x, y] = [heap.tensor('f32', [few.length], few), heap.tensor('f32', [few.length])];
      heap.wasm[kernel](y.ptr, x.ptr, few.length);
      const together = floats(heap, y);
      for (let i = 0; i < few.length; i++) heap.wasm[kernel](y.ptr + 4 * i, x.ptr + 4 * i, 1);
      assert.equal(floats(heap, y), together);
    }));
}

test.run();
