/** Arrays that stay in a file give the numbers that they give in memory. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { npzArrays } from '../../src/data/arrays.ts';
import { type Dataset, joinExamples, type Samples, takeExamples } from '../../src/data/dataset.ts';
import { writeNpy } from '../../src/data/npy.ts';
import { npyOnDisk, npzOnDisk } from '../../src/data/npz_file.ts';
import { channelsMoved, checksumsOf, isPaged, numbersBetween } from '../../src/data/paged.ts';
import { toSamples } from '../../src/data/raw.ts';
import { inMemory } from '../../src/data/share.ts';
import { CompressError } from '../../src/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'paged-'));
test.after(() => rmSync(folder, { recursive: true }));

const x = Float32Array.from({ length: 60 }, (_, i) => i / 7 - 3);
const arrays = {
  'x.npy': writeNpy(x, [10, 2, 3]),
  'b.npy': writeNpy(
    Uint8Array.from(x, (_, i) => i),
    [10, 6],
  ),
  'd.npy': writeNpy(Float64Array.from(x), [10, 6]),
  'y.npy': writeNpy(
    Int32Array.from({ length: 10 }, (_, i) => i % 3),
    [10],
  ),
};
const all = (s: Samples): number[] => [...numbersBetween(s, 0, s.length)];

for (const level of [0, 6] as const) {
  test(level ? 'deflated' : 'stored', () => {
    const bytes = zipSync(arrays, { level });
    const file = join(folder, `${level}.npz`);
    writeFileSync(file, bytes);
    const notes: string[] = [];
    const [whole, paged] = [npzArrays(bytes, 'a', { notes }), npzOnDisk(file, 'a', { notes }, 200)];
    assert.equal(paged.names, whole.names);
    for (const name of ['x', 'b', 'd']) {
      const [a, b] = [whole, paged].map((from) => toSamples(from.read(name), name));
      assert.is(isPaged(b), name !== 'b');
      assert.equal(paged.read(name).shape, whole.read(name).shape);
      assert.equal(all(b), all(a));
      assert.equal([...numbersBetween(b, 5, 14)], [...numbersBetween(a, 5, 14)]);
    }
    assert.equal(paged.read('y').data, whole.read('y').data);
  });
}

test('taken, joined and moved', () => {
  const file = join(folder, 'x.npy');
  writeFileSync(file, arrays['x.npy']);
  const part = { inputs: [toSamples(npyOnDisk(file, 'x'), 'x')], y: null, count: 10 };
  const own = { inputs: [x], y: null, count: 10 };
  const both = [part, own].map((p) => joinExamples([takeExamples(p, [7, 1]), takeExamples(p, [3]), takeExamples(own, [0])]));
  assert.ok(isPaged(both[0].inputs[0]));
  assert.equal(all(both[0].inputs[0]), all(both[1].inputs[0]));
  const moved = { ...(part.inputs[0] as object), channelsFirst: true } as unknown as Samples;
  assert.equal(all(moved), [...channelsMoved(x, [2, 3])]);
  const sums = checksumsOf(part.inputs[0] as never);
  assert.is(new Set(sums).size, 10);
});

test('a dataset whose examples are brought to memory', () => {
  const file = join(folder, 'all.npy');
  writeFileSync(file, arrays['x.npy']);
  const paged = { inputs: [toSamples(npyOnDisk(file, 'x'), 'x')], y: null, count: 10 };
  const data = { name: 'x', train: paged, validation: null, test: { ...paged, inputs: [x] } } as unknown as Dataset;
  const { train, validation, test: rest } = inMemory(data);
  assert.equal(train!.inputs, [x]);
  assert.is(validation, null);
  assert.is(rest!.inputs[0], x);
});

test('a damaged archive', () => {
  const bytes = zipSync(arrays, { level: 0 });
  const file = join(folder, 'bad.npz');
  const at = bytes.length - 200;
  writeFileSync(file, bytes.with(200, bytes[200] ^ 1));
  assert.throws(
    () => npzOnDisk(file, 'bad.npz', { notes: [] }, 200).read('x'),
    (e: Error) => e instanceof CompressError && /bad\.npz:x is damaged: its checksum/.test(e.message),
  );
  writeFileSync(file, bytes.subarray(0, at));
  assert.throws(
    () => npzOnDisk(file, 'bad.npz', { notes: [] }),
    (e: Error) => e instanceof CompressError && /no directory/.test(e.message),
  );
});

test.run();
