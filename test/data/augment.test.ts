import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Augmentation, blend, blendedLabels, drawShares, makeAugment } from '../../src/data/index.ts';
import type { CompressError } from '../../src/errors.ts';
import { createRandom } from '../../src/random.ts';

const ramp = (n: number) => Float32Array.from({ length: n }, (_, i) => i);
const varied = (shape: number[], options: Augmentation, seed = 0, count = 1): Float32Array => {
  const x = ramp(count * shape.reduce((a, b) => a * b, 1));
  makeAugment(shape, options)(x, count, createRandom(seed, 'test'));
  return x;
};

test('flip mirrors columns, channels stay together', () => {
  const seen = new Set(Array.from({ length: 20 }, (_, seed) => varied([1, 3, 2], { flip: true }, seed).join()));
  assert.equal([...seen].sort(), ['0,1,2,3,4,5', '4,5,2,3,0,1']);
});

test('shift repeats the edge; a signal moves along time only', () => {
  const seen = new Set(Array.from({ length: 60 }, (_, seed) => varied([4, 1], { shift: 2 }, seed).join()));
  assert.equal([...seen].sort(), ['0,0,0,1', '0,0,1,2', '0,1,2,3', '1,2,3,3', '2,3,3,3']);
  const image = new Set(Array.from({ length: 60 }, (_, seed) => varied([2, 2, 1], { shift: [0, 1] }, seed).join()));
  assert.equal([...image].sort(), ['0,0,2,2', '0,1,2,3', '1,1,3,3']);
});

test('every value after moving is one of before, each example its own', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 2, max: 6 }), fc.nat(1), fc.nat(999), (h, w, shift, seed) => {
      const x = varied([h, w, 2], { flip: true, shift }, seed, 3);
      x.forEach((v, i) => {
        assert.is(Math.floor(v / (h * w * 2)), Math.floor(i / (h * w * 2)));
        assert.is(v % 2, i % 2);
      });
    }),
  );
});

test('scale, jitter and cutout', () => {
  const scaled = varied([8], { scale: 0.5 });
  for (let i = 2; i < 8; i++) assert.ok(Math.abs(scaled[i] / scaled[1] - i) < 1e-5);
  assert.ok(scaled[1] >= 0.5 && scaled[1] <= 1.5);
  const noise = varied([5000], { jitter: 2 }).map((v, i) => v - i);
  assert.ok(Math.abs(noise.reduce((s, v) => s + v * v, 0) / 5000 - 4) < 0.3);
  for (let seed = 0; seed < 50; seed++) {
    const blanked = varied([6, 5, 1], { cutout: 3 }, seed).filter((v) => v === 14.5).length;
    assert.ok(blanked >= 4 && blanked <= 9, String(blanked));
  }
});

test('a mask blanks a stretch of time and one of bands, of signals as of pictures', () => {
  for (const shape of [
    [6, 5],
    [6, 5, 1],
    [6, 1, 5],
  ]) {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const x = varied(shape, { mask: [2, 1] }, seed);
      const blanked = (i: number) => x[i] === 14.5;
      const rows = Array.from({ length: 6 }, (_, t) => [0, 1, 2, 3, 4].every((b) => blanked(5 * t + b)));
      const columns = Array.from({ length: 5 }, (_, b) => [0, 1, 2, 3, 4, 5].every((t) => blanked(5 * t + b)));
      x.forEach((v, i) => void assert.ok(v === i || rows[Math.floor(i / 5)] || columns[i % 5]));
      const [times, bands] = [rows, columns].map((all) => all.filter(Boolean).length);
      assert.ok(times <= 2 && bands <= 1);
      seen.add(`${times} ${bands}`);
    }
    assert.is(seen.size, 6);
  }
  assert.equal(varied([4, 1], { mask: 0 }), ramp(4));
});

test('blended examples and their labels are shared alike', () => {
  const own = new Float32Array(3);
  const values = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  drawShares(own, 0.6, createRandom(1, 'test'));
  blend(values, own);
  const rows = new Float32Array(9);
  blendedLabels([0, 1, 2], own, rows);
  for (let i = 0; i < 9; i++) assert.ok(Math.abs(rows[i] - values[i]) < 1e-6);
  assert.ok(own.every((v) => v >= 0.4 && v <= 1));
  blendedLabels([1, 1, 1], own, rows);
  assert.ok(Math.abs(rows[1] - 1) < 1e-6);
});

test('depends on the seed alone; amounts that make no sense are refused', () => {
  const all = { flip: true, shift: 1, cutout: 2, jitter: 0.1, scale: 0.1 };
  assert.equal(varied([4, 4, 3], all, 5), varied([4, 4, 3], all, 5));
  for (const options of [
    { shift: 4 },
    { shift: 0.5 },
    { cutout: -1 },
    { jitter: Number.NaN },
    { scale: 1 },
    { mask: 4 },
    { mask: [1, 4] as const },
  ]) {
    assert.throws(
      () => makeAugment([4, 4, 3], options),
      (e: CompressError) => e.code === 'bad-option',
    );
  }
});

test.run();
