import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pack, unpack } from '../../src/study/packed.ts';

test('what is packed comes back to the last bit', () => {
  const value = {
    name: 'ünïcode',
    list: [1, null, true, { deep: Float32Array.of(0.1, -0, Number.POSITIVE_INFINITY) }],
    kinds: [Int8Array.of(-128, 127), Uint8Array.of(0, 255, 7), Int16Array.of(-5), Int32Array.of(1 << 30), Float64Array.of(1 / 3)],
    long: BigInt64Array.of(-(2n ** 63n), 5n),
    part: new Float32Array([1, 2, 3, 4]).subarray(1, 3),
    none: new Float32Array(0),
    scale: 0.1 + 0.2,
    beyond: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  };
  const bytes = pack(value);
  const back = unpack(bytes) as typeof value;
  assert.equal(back, value);
  assert.ok(Object.is((back.list[3] as { deep: Float32Array }).deep[1], -0));
  assert.equal(pack(back), bytes);
  // Wherever the bytes lie.
  const moved = new Uint8Array(bytes.length + 3);
  moved.set(bytes, 3);
  assert.equal(unpack(moved.subarray(3)), value);
});

test.run();
