/** Arrays in archives, folders and memory. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classesOf, loadDataset } from '../../src/data/index.ts';
import { writeNpy } from '../../src/data/npy.ts';
import { fails } from './fails.ts';
import { counted, npz, png } from './sources.ts';

const { x, y } = counted(60, 4);
const whole = { whole: true };

test('npz: names of arrays that people use', async () => {
  for (const [xName, yName] of [
    ['x', 'y'],
    ['X', 'Y'],
    ['data', 'labels'],
    ['images', 'labels'],
    ['specs', 'labels'],
    ['arr_0', 'arr_1'],
    ['features', 'target'],
  ]) {
    const d = await loadDataset(
      { 'd.npz': npz({ index: [new Int32Array(60), [60]], [yName]: [y, [60]], [xName]: [x, [60, 2, 2]] }) },
      whole,
    );
    assert.equal(d.inputs[0].shape, [2, 2]);
    assert.is(d.classes, 3);
    assert.equal(d.test!.inputs[0], x);
    assert.equal([...d.test!.y!], [...y]);
  }
});

test('npz: train and test in one file', async () => {
  for (const name of [
    (k: string, p: string) => `${k}_${p}`,
    (k: string, p: string) => `${p}_${k}`,
    (k: string, p: string) => k + p[0].toUpperCase() + p.slice(1),
  ]) {
    const half = [x.subarray(0, 40), [10, 4]] as const;
    const labels = [y.subarray(0, 10), [10]] as const;
    const file = npz({
      [name('x', 'train')]: [x, [60, 4]],
      [name('y', 'train')]: [y, [60]],
      [name('x', 'test')]: half,
      [name('y', 'test')]: labels,
    });
    const d = await loadDataset({ 'd.npz': file });
    assert.is(d.test!.count, 10);
    assert.is(d.train!.count + d.validation!.count, 60);
    assert.is(d.validation!.count, 9); // 2.5 of each class, rounded up
  }
});

test('labels: floats, one-hot, a column', async () => {
  const hot = Float32Array.from({ length: 180 }, (_, i) => +(y[Math.floor(i / 3)] === i % 3));
  for (const labels of [
    [Float64Array.from(y), [60]],
    [y, [60, 1]],
    [BigInt64Array.from([...y].map(BigInt)), [60]],
  ] as const) {
    const d = await loadDataset({ 'd.npz': npz({ x: [x, [60, 4]], y: labels }) }, whole);
    assert.equal([...d.test!.y!], [...y]);
    assert.is(d.classes, 3);
  }
  const rows = await loadDataset({ 'd.npz': npz({ x: [x, [60, 4]], y: [hot, [60, 3]] }) }, whole);
  assert.equal([...rows.test!.y!], [...hot]);
  assert.equal([...classesOf(rows.test!)!], [...y]);
  assert.is(rows.classes, 3);
});

test('labels that are no classes: numbers, rows of numbers, several ones in a row', async () => {
  const read = async (labels: readonly [Float32Array | Int8Array, number[]]) => {
    const { test, classes } = await loadDataset({ 'd.npz': npz({ x: [x, [60, 4]], y: labels }) }, whole);
    return { y: test!.y!, classes };
  };
  const numbers = Float32Array.from(y, (v) => v + 0.5);
  assert.equal(await read([numbers, [60]]), { y: numbers, classes: 0 });
  assert.equal(await read([Int8Array.from(y, (v) => v - 1), [60, 1]]), { y: Int32Array.from(y, (v) => v - 1), classes: 0 });
  const forecast = Float32Array.from({ length: 360 }, (_, i) => i / 7);
  assert.equal(await read([forecast, [60, 6]]), { y: forecast, classes: 0 });
  const several = Int8Array.from({ length: 180 }, (_, i) => (i % 3 ? 1 : 0));
  assert.equal(await read([several, [60, 3]]), { y: Int32Array.from(several), classes: 0 });
});

test('labels that are no classes divide nothing when they are split', async () => {
  const targets = Float32Array.from({ length: 60 }, (_, i) => i / 3);
  for (const labels of [targets, Float32Array.from({ length: 60 }, (_, i) => i)]) {
    const d = await loadDataset({ 'd.npz': npz({ x: [x, [60, 4]], y: [labels, [60]] }) });
    assert.equal([d.train!.count, d.validation!.count, d.test!.count], [42, 6, 12]);
    assert.equal(d.notes, ['d.npz:x split: 42 train, 6 validation, 12 test (seed 0)']);
  }
});

test('npy: alone, as parts, beside labels', async () => {
  const file = writeNpy(x, [60, 4]);
  assert.is((await loadDataset({ 'a.npy': file }, whole)).test!.y, null);
  const d = await loadDataset({ 'x.npy': file, 'y.npy': writeNpy(y, [60]) });
  assert.equal([d.train!.count, d.validation!.count, d.test!.count], [42, 6, 12]);
  const parts = await loadDataset({
    'train.npy': file,
    'train_labels.npy': writeNpy(y, [60]),
    'test.npy': file,
    'notes.txt': new Uint8Array(3),
  });
  assert.is(parts.test!.count, 60);
  assert.is(parts.test!.y, null);
  assert.ok(parts.train!.y);
});

test('a folder with train, validation and test, other files ignored', async () => {
  const part = npz({ x: [x, [60, 4]], y: [y, [60]] });
  const d = await loadDataset({
    'train.npz': part,
    'test.npz': part,
    'val.npz': part,
    'other.npz': new Uint8Array(9),
    'index.npy': new Uint8Array(4),
  });
  assert.equal([d.train!.count, d.validation!.count, d.test!.count], [60, 60, 60]);
  assert.equal(d.notes, ['not used in dataset: index.npy, other.npz']);
  assert.equal(d.sourceFiles, ['train.npz', 'val.npz', 'test.npz']);
});

test('a folder with one data file is that file', async () => {
  const lone = await loadDataset({ 'test.npz': npz({ x: [x, [60, 4]], y: [y, [60]] }), 'labels.csv': new Uint8Array(1) });
  assert.is(lone.train!.count, 42);
});

test('arrays in memory, split or by part', async () => {
  const d = await loadDataset({ x, y, shape: [60, 2, 2] });
  assert.equal([d.train!.count, d.validation!.count, d.test!.count], [42, 6, 12]);
  const parts = await loadDataset({ train: { x, y, shape: [60, 4] }, test: { x: x.subarray(0, 8), y: [1, 2], shape: [2, 4] } });
  assert.is(parts.test!.count, 2);
});

test('channels first become channels last', async () => {
  const d = await loadDataset(
    { x: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), shape: [1, 3, 2, 2] },
    { whole: true, layout: 'nchw' },
  );
  assert.equal(d.inputs[0].shape, [2, 2, 3]);
  assert.equal([...d.test!.inputs[0]], [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12]);
});

test('on disk: folders, single files, what is missing or may not be read', async () => {
  const root = mkdtempSync(join(tmpdir(), 'thumbnet-'));
  try {
    const put = (name: string, bytes: Uint8Array) => {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), bytes);
    };
    put('set/train.npz', npz({ x: [x, [60, 4]], y: [y, [60]] }));
    put('set/test.npz', npz({ x: [x, [60, 4]], y: [y, [60]] }));
    put('set/.hidden/junk.png', new Uint8Array(1));
    put('pictures/train/a/1.png', png(2, 2, 1));
    put('pictures/test/a/1.png', png(2, 2, 1));
    mkdirSync(join(root, 'empty'));
    assert.is((await loadDataset(join(root, 'set'))).name, 'set');
    assert.is((await loadDataset(join(root, 'set/test.npz'), whole)).test!.count, 60);
    assert.equal((await loadDataset(join(root, 'pictures'))).sourceFiles, ['train/a/1.png', 'test/a/1.png']);
    await fails(join(root, 'empty'), 'bad-data', /empty is empty: it holds no file/);
    await fails(join(root, 'nowhere'), 'bad-file', /no file or folder .*nowhere/);
    await fails(join(root, 'set/train.npz/x'), 'bad-file', /no file or folder/);
    chmodSync(join(root, 'set/test.npz'), 0);
    if (process.getuid?.() !== 0) await fails(join(root, 'set'), 'bad-file', /may not be read/);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test.run();
