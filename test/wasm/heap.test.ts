import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();

test('a scope frees what it allocated, also when it throws', () => {
  const used = heap.used;
  assert.is(
    heap.scope(() => {
      heap.tensor('f32', [1000]);
      return heap.used > used;
    }),
    true,
  );
  assert.is(heap.used, used);
  assert.throws(() =>
    heap.scope(() => {
      heap.scratch(1 << 20);
      throw new Error('no');
    }),
  );
  assert.is(heap.used, used);
});

test('a scope refuses work that pauses', () => {
  const used = heap.used;
  assert.throws(() => heap.scope(async () => heap.alloc(64)), /use exclusive/);
  assert.is(heap.used, used);
});

test('exclusive scopes wait for each other, even where one throws; plain scopes may run in their pauses', async () => {
  const used = heap.used;
  const events: string[] = [];
  const work = (name: string, fails: boolean) =>
    heap.exclusive(async () => {
      assert.is(heap.used, used);
      const t = heap.tensor('f32', [4], [1, 2, 3, 4]);
      events.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 2));
      assert.equal([...(heap.read(t) as Float32Array)], [1, 2, 3, 4]);
      events.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const all = Promise.allSettled([work('a', false), work('b', true), work('c', false)]);
  await new Promise((resolve) => setTimeout(resolve, 0));
  heap.scope(() => heap.tensor('f32', [64], new Float32Array(64).fill(7)));
  assert.equal(
    (await all).map((r) => r.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.equal(
    events,
    ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]),
  );
  assert.is(heap.used, used);
});

test.run();
