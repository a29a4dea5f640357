import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset, type Part } from '../../src/data/index.ts';
import { splitStratified } from '../../src/data/split.ts';

const part = (y: number[] | null, size = 1, x = new Float32Array(y?.length ?? 10)): Part => ({
  inputs: [x],
  y: y && Int32Array.from(y),
  count: x.length / size,
});

test('every example is in exactly one part; each class by the fractions, to within one', () => {
  const fractions = [0.7, 0.1, 0.2];
  fc.assert(
    fc.property(fc.array(fc.nat(4), { minLength: 1, maxLength: 200 }), fc.nat(1000), (y, seed) => {
      const parts = splitStratified(part(y), [1], fractions, seed);
      assert.equal(
        parts.flatMap((p) => [...p]).sort((a, b) => a - b),
        y.map((_, i) => i),
      );
      for (let label = 0; label < 5; label++) {
        const total = y.filter((v) => v === label).length;
        parts.forEach((places, k) => {
          const own = places.filter((i) => y[i] === label).length;
          assert.ok(Math.abs(own - fractions[k] * total) <= 1, `${own} of ${total} in part ${k}`);
        });
      }
    }),
  );
});

test('depends on the seed alone', () => {
  const y = Array.from({ length: 100 }, (_, i) => i % 5);
  assert.equal(splitStratified(part(y), [1], [0.5, 0.5], 7), splitStratified(part(y), [1], [0.5, 0.5], 7));
  assert.not.equal(splitStratified(part(y), [1], [0.5, 0.5], 7), splitStratified(part(y), [1], [0.5, 0.5], 8));
  assert.is(splitStratified(part(null), [1], [0.5, 0.5], 7)[0].length, 5);
});

test('windows that overlap by half stay together', () => {
  const signal = Float32Array.from({ length: 4 * 41 * 2 }, (_, i) => i); // windows of 8 samples of 2 channels, 4 apart
  const windows = Float32Array.from({ length: 40 * 16 }, (_, i) => signal[Math.floor(i / 16) * 8 + (i % 16)]);
  const y = Array.from({ length: 40 }, (_, i) => Math.floor(i / 4) % 2);
  const parts = splitStratified(part(y, 16, windows), [8, 2], [0.75, 0.25], 1);
  for (const part of parts) {
    const own = new Set(part);
    for (let run = 0; run < 10; run++) {
      const inside = [0, 1, 2, 3].filter((k) => own.has(run * 4 + k)).length;
      assert.ok(inside === 0 || inside === 4, `run ${run} is torn`);
    }
  }
  // Within a class the second part is later than the first.
  for (const label of [0, 1]) {
    const [before, after] = parts.map((part) => [...part].filter((e) => y[e] === label));
    assert.ok(after.length > 0 && Math.max(...before) < Math.min(...after));
  }
});

test('the notes say what was split', async () => {
  const d = await loadDataset(
    { x: new Float32Array(40), y: new Uint8Array(40), shape: [40, 1] },
    { seed: 3, split: [0.5, 0.25, 0.25] },
  );
  assert.equal(d.notes, ['x split: 20 train, 10 validation, 10 test (stratified, seed 3)']);
});

test.run();
