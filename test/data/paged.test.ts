/** Arrays that stay in a file give the numbers that they give in memory. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { npzArrays } from '../../src/data/arrays.ts';
import { type Dataset, joinExamples, type Samples, takeExamples } from '../../src/data/dataset.ts';
import { withFeatures } from '../../src/data/featured.ts';
import { loadDataset } from '../../src/data/index.ts';
import { toLabels } from '../../src/data/labels.ts';
import { writeNpy } from '../../src/data/npy.ts';
import { npyOnDisk, npzOnDisk } from '../../src/data/npz_file.ts';
import { channelsMoved, checksumsOf, isPaged, numbersBetween, temporary } from '../../src/data/paged.ts';
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

for (const [name, values, moved] of [
  ['d', x, false],
  ['b', Uint8Array.from(x, (_, i) => i), false],
  ['x', x, true],
] as const) {
  test(`${name} joined with what is in memory${moved ? ', channels first' : ''}`, () => {
    const file = join(folder, `${name}_join.npy`);
    writeFileSync(file, arrays[`${name}.npy`]);
    const read = toSamples(npyOnDisk(file, name), name);
    const paged = (moved ? { ...(read as object), channelsFirst: true } : read) as Samples;
    const own = moved ? channelsMoved(x, [2, 3]) : values;
    const both = joinExamples([own, paged, own].map((of) => ({ inputs: [of], y: null, count: 10 })));
    assert.ok(isPaged(both.inputs[0]));
    assert.equal(all(both.inputs[0]), [...own, ...own, ...own]);
  });
}

test('a file that is written anew is read anew', () => {
  const file = join(folder, 'again.npy');
  writeFileSync(file, arrays['x.npy']);
  const read = () => all(toSamples(npyOnDisk(file, 'x'), 'x'));
  read();
  rmSync(file);
  writeFileSync(file, arrays['b.npy']);
  assert.equal(read(), [...x.keys()]);
});

test('labels of a large array', () => {
  const file = join(folder, 'y.npy');
  writeFileSync(file, arrays['y.npy']);
  assert.equal(
    toLabels(npyOnDisk(file, 'y'), 10, 'y'),
    Int32Array.from({ length: 10 }, (_, i) => i % 3),
  );
});

test('features of samples in a file are those of samples in memory', async () => {
  const file = join(folder, 'sound.npy');
  const sound = Float32Array.from({ length: 4 * 64 }, (_, i) => ((i * 37) % 101) / 101 - 0.5);
  writeFileSync(file, writeNpy(sound, [4, 64]));
  const partOf = (s: Samples) => ({ inputs: [s], info: [{ name: 'x', shape: [64] }], y: null, count: 4, where: 'x', files: [] });
  const made = await Promise.all(
    [sound, toSamples(npyOnDisk(file, 'x'), 'x')].map((s) => withFeatures({ train: partOf(s) }, 'fft', undefined, [])),
  );
  assert.is(made[1].frontEnd.step, made[0].frontEnd.step);
  assert.equal(made[1].parts.train!.inputs, made[0].parts.train!.inputs);
});

test('parts of different types are refused', async () => {
  const [u1, f4] = [new Uint8Array(60).fill(3), x].map((of) => writeNpy(of, [10, 6]));
  const y = arrays['y.npy'];
  const bytes = zipSync({ 'x_train.npy': u1, 'y_train.npy': y, 'x_test.npy': f4, 'y_test.npy': y });
  const file = join(folder, 'types.npz');
  writeFileSync(file, bytes);
  await loadDataset(file).then(
    () => assert.unreachable(),
    (e: Error) => assert.match(e.message, /x_test has examples of type f4 but .*x_train of u1/),
  );
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

test('what is unpacked leaves no name behind, and is there for other threads', async () => {
  const [first, second] = [temporary('x.npy'), temporary('x.npy')];
  writeFileSync(first, 'first');
  writeFileSync(second, 'second');
  if (process.platform === 'linux') assert.match(first, /^\/proc\//);
  const read = 'const { workerData, parentPort } = require("worker_threads"); const fs = require("fs");';
  const worker = new Worker(`${read} parentPort.postMessage(fs.readFileSync(workerData, "utf8"))`, {
    eval: true,
    workerData: first,
  });
  assert.is(await new Promise((resolve) => worker.once('message', resolve)), 'first');
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
