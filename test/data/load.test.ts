import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { encode as encodePng } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  classesOf,
  type DataOptions,
  type DataSource,
  loadDataset,
  normalizationFacts,
  normalizationOptions,
} from '../../src/data/index.ts';
import { writeNpy } from '../../src/data/npy.ts';
import { CompressError } from '../../src/errors.ts';
import { cifar, counted, GREY, INDEXED, idx, jpg, npz, png, rawPng } from './sources.ts';

async function fails(source: DataSource, code: string, message: RegExp, options?: DataOptions): Promise<void> {
  try {
    await loadDataset(source, options);
  } catch (error) {
    assert.instance(error, CompressError);
    const { code: got, message: text, fix } = error as CompressError;
    assert.is(got, code, text);
    assert.match(text, message);
    assert.ok(fix.length > 10);
    return;
  }
  assert.unreachable(`no error like ${message}`);
}

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

test('IDX with and without gzip', async () => {
  for (const zipped of [false, true]) {
    const end = zipped ? '.gz' : '';
    const d = await loadDataset({
      [`train-images-idx3-ubyte${end}`]: idx(
        [30, 2, 2],
        Array.from({ length: 120 }, (_, i) => i),
        zipped,
      ),
      [`train-labels-idx1-ubyte${end}`]: idx(
        [30],
        Array.from({ length: 30 }, (_, i) => i % 3),
        zipped,
      ),
      [`t10k-images-idx3-ubyte${end}`]: idx(
        [3, 2, 2],
        Array.from({ length: 12 }, (_, i) => i),
        zipped,
      ),
      [`t10k-labels-idx1-ubyte${end}`]: idx([3], [2, 1, 0], zipped),
    });
    assert.equal(d.inputs[0].shape, [2, 2]);
    assert.equal([...d.test!.y!], [2, 1, 0]);
    assert.equal([...d.test!.inputs[0]], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert.is(d.train!.count + d.validation!.count, 30);
  }
});

test('CIFAR-10 binary batches become NHWC', async () => {
  const labels = Array.from({ length: 20 }, (_, i) => i % 10);
  const d = await loadDataset({
    'data_batch_1.bin': cifar(labels),
    'data_batch_2.bin': cifar(labels),
    'test_batch.bin': cifar([3]),
    'batches.meta.txt': new TextEncoder().encode('airplane\nautomobile\n'),
  });
  assert.equal(d.inputs[0].shape, [32, 32, 3]);
  assert.is(d.train!.count + d.validation!.count, 40);
  assert.equal([...d.test!.inputs[0].subarray(0, 6)], [1, 2, 3, 1, 2, 3]);
  assert.equal(d.classNames, ['airplane', 'automobile']);
});

test('class folders of PNG and JPEG', async () => {
  const d = await loadDataset({ 'cat/1.png': png(3, 2, 3), 'cat/2.jpg': jpg(3, 2), 'dog/a.png': png(3, 2, 4) }, whole);
  assert.equal(d.inputs[0].shape, [2, 3, 3]);
  assert.equal([...d.test!.y!], [0, 0, 1]);
  assert.equal(d.classNames, ['cat', 'dog']);
  assert.equal([...d.test!.inputs[0].subarray(36)], new Array(18).fill(7));
});

test('class folders: grey stays grey unless the model wants colour', async () => {
  const files = { '0/1.png': png(2, 2, 1), '2/1.png': png(2, 2, 2), '10/1.png': png(2, 2, 1) };
  const grey = await loadDataset(files, whole);
  assert.equal(grey.inputs[0].shape, [2, 2, 1]);
  assert.equal(grey.classNames, ['0', '2', '10']);
  assert.equal((await loadDataset(files, { whole: true, channels: 3 })).inputs[0].shape, [2, 2, 3]);
  assert.equal(
    (await loadDataset({ 'a/1.png': png(2, 2, 3) }, { whole: true, channels: 1 })).test!.inputs[0],
    new Uint8Array(4).fill(7),
  );
});

test('class folders below train and test', async () => {
  const d = await loadDataset({ 'train/a/1.png': png(2, 2, 1), 'train/b/1.png': png(2, 2, 1), 'test/b/9.png': png(2, 2, 3) });
  assert.equal(d.inputs[0].shape, [2, 2, 3]);
  assert.equal([...d.test!.y!], [1]);
  assert.equal(d.classNames, ['a', 'b']);
});

test('PNG: 16 bits, 1, 2 and 4 bits, palettes', async () => {
  const pixels = async (file: Uint8Array) => [...(await loadDataset({ 'a/1.png': file }, whole)).test!.inputs[0]];
  assert.equal(await pixels(encodePng({ width: 1, height: 1, channels: 1, depth: 16, data: Uint16Array.of(0x1234) })), [0x12]);
  const bits = [0, 1, 1, 0, 0, 0, 1, 0, 1, 1];
  assert.equal(
    await pixels(rawPng(5, 2, 1, GREY, [0b01100000, 0b01011000])),
    bits.map((b) => 255 * b),
  );
  assert.equal(await pixels(rawPng(3, 1, 2, GREY, [0b00011100])), [0, 85, 255]);
  assert.equal(await pixels(rawPng(3, 1, 4, GREY, [0x0f, 0x50])), [0, 255, 85]);
  const palette = [255, 0, 0, 0, 128, 0, 1, 2, 3];
  assert.equal(await pixels(rawPng(2, 1, 8, INDEXED, [2, 0], palette)), [1, 2, 3, 255, 0, 0]);
  assert.equal(await pixels(rawPng(2, 1, 2, INDEXED, [0b01100000], palette)), [0, 128, 0, 1, 2, 3]);
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

/** A zip archive of one file that says to be compressed by another method (PKWARE APPNOTE 6.3.10, sections 4.3.7 and 4.3.12). */
function compressedBy(method: number, zip: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(zip);
  const central = bytes.findIndex((_, i) => [0x50, 0x4b, 1, 2].every((b, k) => bytes[i + k] === b));
  bytes[8] = method;
  bytes[central + 10] = method;
  return bytes;
}

test('bad data: one message each', async () => {
  const bad = (arrays: Parameters<typeof npz>[0]) => ({ 'd.npz': npz(arrays) });
  const nan = x.slice();
  nan[9] = Number.NaN;
  nan[20] = Number.POSITIVE_INFINITY;
  await fails(
    bad({ x: [nan, [60, 4]], y: [y, [60]] }),
    'bad-data',
    /2 values that are NaN or infinite, the first at place 1 of example 2/,
  );
  await fails(bad({ x: [Float64Array.of(1e300), [1, 1]] }), 'bad-data', /holds 1e\+300 at element 0, more than float32/);
  await fails(bad({ x: [x, [60, 4]], y: [y, [30, 2]] }), 'bad-data', /shape \[30,2\] but there are 60/);
  const holes = Float32Array.from(y).fill(Number.NaN, 7, 8);
  await fails(bad({ x: [x, [60, 4]], y: [holes, [60]] }), 'bad-data', /label of example 7 holds NaN/);
  await fails(bad({ x: [new Float32Array(0), [0, 4]] }), 'bad-data', /no examples/);
  await fails(bad({ x: [x, [240]] }), 'shape-mismatch', /shape \[240\]/);
  await fails(bad({ foo: [x, [60, 4]], bar: [y, [60]] }), 'bad-file', /foo, bar/);
  await fails(
    { 'train.npz': npz({ x: [x, [60, 4]] }), 'test.npz': npz({ x: [x, [60, 2, 2]] }) },
    'shape-mismatch',
    /test\.npz.*\[2,2\].*train\.npz.*\[4\]/,
  );
  await fails({ 'a/1.png': png(2, 2, 1), 'a/2.png': png(2, 3, 1) }, 'shape-mismatch', /a\/2\.png is 2x3 but a\/1\.png is 2x2/);
  await fails({ 'a/1.png': png(2, 2, 1), 'odd.png': png(2, 2, 1) }, 'unsupported', /odd\.png/);
  await fails({ 'a/1.png': Uint8Array.of(1, 2, 3) }, 'bad-file', /a\/1\.png/);
  await fails({ 'data.csv': Uint8Array.of(1, 2) }, 'unsupported', /no format that is known/);
  await fails({ 'a.txt': Uint8Array.of(1), 'b.txt': Uint8Array.of(1) }, 'unsupported', /found: a\.txt, b\.txt/);
  await fails({ 'x.npz': new Uint8Array(0) }, 'bad-data', /no examples/);
  await fails({ 'x.npz': Uint8Array.of(1, 2, 3) }, 'bad-file', /does not start as its name promises/);
  await fails({ 'x.npz': npz({}) }, 'bad-file', /x\.npz holds no arrays\n/);
  await fails({ 'x.npz': compressedBy(12, npz({ x: [x, [60, 4]] })) }, 'unsupported', /x\.npy in x\.npz is compressed by bzip2/);
  await fails({}, 'bad-data', /empty/);
  await fails({ x, shape: [60, 5] }, 'shape-mismatch', /240 numbers/);
});

test('bad options: one message each', async () => {
  const source = { x, y, shape: [60, 4] };
  await fails(source, 'bad-option', /split 0\.5,0\.1,0\.1/, { split: [0.5, 0.1, 0.1] });
  await fails(source, 'bad-option', /split/, { split: [0, 0.5, 0.5] });
  await fails(source, 'bad-option', /0,0,1 leaves no train part/, { split: [0, 0, 1] });
  await fails(source, 'bad-option', /scale 0/, { scale: 0 });
  await fails(source, 'bad-option', /scale NaN is no finite number/, { scale: Number.NaN });
  await fails(source, 'bad-option', /split 0.5 is no list/, { split: 0.5 as unknown as [number, number, number] });
  await fails(source, 'bad-option', /layout "NCHW"/, { layout: 'NCHW' as 'nchw' });
  await fails(source, 'bad-option', /seed 1.5/, { seed: 1.5 });
  await fails(source, 'bad-option', /--mean 0.5 does not/, { mean: '0.5' as unknown as number });
  await fails(source, 'bad-option', /--std 0/, { std: [0] });
  await fails(source, 'bad-option', /--mean 1,2/, { mean: [1, 2] });
  assert.equal((await loadDataset(source, { mean: 0.5, std: 2 })).normalization, { scale: 1, mean: [0.5], std: [2] });
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
    await fails(join(root, 'empty'), 'bad-data', /empty is empty/);
    await fails(join(root, 'nowhere'), 'bad-file', /no file or folder .*nowhere/);
    await fails(join(root, 'set/train.npz/x'), 'bad-file', /no file or folder/);
    chmodSync(join(root, 'set/test.npz'), 0);
    if (process.getuid?.() !== 0) await fails(join(root, 'set'), 'bad-file', /may not be read/);
  } finally {
    rmSync(root, { recursive: true });
  }
});

/** Small valid sources of every format; `name` is the file that is damaged. */
const SOURCES: { name: string; files: Record<string, Uint8Array> }[] = [
  { name: 'd.npz', files: { 'd.npz': npz({ x: [counted(6, 2).x, [6, 2]], y: [counted(6, 2).y, [6]] }) } },
  { name: 'd.npy', files: { 'd.npy': writeNpy(counted(6, 2).x, [6, 2]) } },
  { name: 'train-images-idx3-ubyte.gz', files: { 'train-images-idx3-ubyte.gz': idx([3, 2, 1], [1, 2, 3, 4, 5, 6], true) } },
  { name: 'train-images-idx3-ubyte', files: { 'train-images-idx3-ubyte': idx([3, 2, 1], [1, 2, 3, 4, 5, 6]) } },
  { name: 'a/1.png', files: { 'a/1.png': png(3, 3, 3) } },
];

test('an empty class folder is still a class', async () => {
  const root = mkdtempSync(join(tmpdir(), 'thumbnet-classes-'));
  for (const name of ['bird', 'cat', 'dog', '.cache', 'test']) mkdirSync(join(root, name));
  for (const name of ['bird', 'dog']) writeFileSync(join(root, name, '1.png'), png(2, 2, 1));
  const one = await loadDataset(root, whole);
  assert.equal(one.classNames, ['bird', 'cat', 'dog']);
  assert.is(one.classes, 3);
  assert.equal([...one.test!.y!], [0, 2]);
  rmSync(root, { recursive: true });
  for (const name of ['train/a', 'train/b', 'test/a', 'test/b', 'test/c']) mkdirSync(join(root, name), { recursive: true });
  for (const name of ['train/b', 'test/b']) writeFileSync(join(root, name, '1.png'), png(2, 2, 1));
  const two = await loadDataset(root, { split: [1, 0, 0] });
  assert.equal(two.classNames, ['a', 'b', 'c']);
  assert.equal([...two.test!.y!], [1]);
  rmSync(root, { recursive: true });
});

const several = { accel: [x.subarray(0, 120), [30, 4]], press: [counted(30, 2).x, [30, 2]] } as const;
const thirty = y.subarray(0, 30);
const twoInputs = {
  graph: {
    name: 'two',
    tensors: [
      { name: 'serving_default_accel:0', shape: [1, 4], dtype: 'f32' as const, data: null, quant: null },
      { name: 'press', shape: [1, 2, 1], dtype: 'f32' as const, data: null, quant: null },
      { name: 'out', shape: [1, 3], dtype: 'f32' as const, data: null, quant: null },
    ],
    nodes: [],
    inputs: [0, 1],
    outputs: [2],
  },
};

test('several inputs: by name, by number, in order, by shape; in an archive, a folder of arrays, or a folder for each part', async () => {
  const { accel, press } = several;
  const labels = [thirty, [30]] as const;
  const archives = [
    { accel, press, y: labels },
    { press, Accel: accel, labels },
    { x0: accel, x1: press, y: labels },
    { input_1: accel, input_2: press, y: labels },
    { arr_0: accel, arr_1: press, arr_2: labels },
    { first: press, second: accel, y: labels },
  ].map((arrays) => ({ 'd.npz': npz(arrays as unknown as Parameters<typeof npz>[0]) }));
  const npys = (prefix: string) => ({
    [`${prefix}accel.npy`]: writeNpy(...accel),
    [`${prefix}press.npy`]: writeNpy(...press),
    [`${prefix}y.npy`]: writeNpy(...labels),
  });
  for (const source of [
    ...archives,
    npys(''),
    { inputs: { a: { x: accel[0], shape: accel[1] }, b: { x: press[0], shape: press[1] } }, y: thirty },
  ]) {
    const d = await loadDataset(source as DataSource, { whole: true, model: twoInputs });
    assert.equal(
      d.inputs.map((i) => i.shape),
      [[4], [2]],
    );
    assert.equal([...d.test!.inputs[1]], [...press[0]]);
    assert.equal([...d.test!.y!], [...thirty]);
  }
  const parts = await loadDataset({ ...npys('train/'), ...npys('test/') }, { model: twoInputs });
  assert.equal([parts.train!.count + parts.validation!.count, parts.test!.count], [30, 30]);
  assert.equal([...parts.test!.inputs[1]], [...press[0]]);
  const named = await loadDataset(
    { 'd.npz': npz({ train_accel: accel, train_press: press, y_train: labels, accel_test: accel, press_test: press }) },
    { model: twoInputs },
  );
  assert.is(named.test!.count, 30);
});

test('several inputs: what is missing is named, and examples that are not as many', async () => {
  const { accel, press } = several;
  const lone = { 'd.npz': npz({ x: accel, y: [thirty, [30]] }) };
  await fails(
    lone,
    'bad-data',
    /takes 2 inputs, but d\.npz holds nothing for "press" \[2,1\] \("x" is "serving_default_accel:0"\)/,
    { model: twoInputs },
  );
  const fewer = [press[0].subarray(0, 50), [25, 2]] as const;
  await fails(
    { 'd.npz': npz({ accel, press: fewer }) },
    'shape-mismatch',
    /d\.npz:press has 25 examples, but d\.npz:accel has 30/,
    { model: twoInputs },
  );
  await fails(
    { inputs: { a: { x: accel[0], shape: accel[1] }, b: { x: fewer[0], shape: fewer[1] } } },
    'shape-mismatch',
    /"b", has 25 examples, not 30/,
  );
});

test('several inputs: each in its own unit, kept for a recipe', async () => {
  const { accel, press } = several;
  const source = { inputs: { accel: { x: accel[0], shape: accel[1] }, press: { x: press[0], shape: press[1] } } };
  const options = { scale: { press: 2 }, mean: { press: [1, 3], accel: 5 }, std: 4 };
  const d = await loadDataset(source, options);
  assert.equal(
    d.inputs.map((i) => i.normalization),
    [
      { scale: 1, mean: [5], std: [4] },
      { scale: 2, mean: [1, 3], std: [4] },
    ],
  );
  const facts = normalizationFacts(d);
  assert.equal((await loadDataset(source, normalizationOptions(facts))).inputs, d.inputs);
  const plain = await loadDataset(source, { scale: 3 });
  assert.equal(normalizationFacts(plain), { normalization: { scale: 3, mean: [0], std: [1] } });
  assert.equal((await loadDataset(source, normalizationOptions(normalizationFacts(plain)))).normalization, plain.normalization);
  await fails(source, 'bad-option', /no input "depth" to be scaled/, { scale: { depth: 2 } });
  await fails(source, 'bad-option', /--mean 1,2,3 does not fit/, { mean: { press: [1, 2, 3] } });
});

test('a part of the examples keeps what belongs together over all inputs', async () => {
  const { accel, press } = several;
  const d = await loadDataset({ 'd.npz': npz({ accel, press, y: [thirty, [30]] }) }, { model: twoInputs });
  for (const part of [d.train!, d.validation!, d.test!]) {
    for (let i = 0; i < part.count; i++) {
      const [a, b] = [part.inputs[0][4 * i], part.inputs[1][2 * i]];
      assert.is(a, b); // example i holds i in all places
      assert.is(part.y![i], a % 3);
    }
  }
});

test('labels by another name, or by an output of the model', async () => {
  const [accel, extra] = [several.accel, [new Float32Array(30).fill(0.5), [30]] as const];
  const one = { graph: { ...twoInputs.graph, inputs: [0] } };
  const read = async (arrays: Parameters<typeof npz>[0], options: DataOptions = {}) =>
    loadDataset({ 'd.npz': npz(arrays) }, { whole: true, model: one, ...options });
  const labels = [thirty, [30]] as const;
  assert.equal([...(await read({ x: accel, kind: labels, id: extra }, { labels: 'kind' })).test!.y!], [...thirty]);
  assert.equal([...(await read({ x: accel, out: labels, id: extra })).test!.y!], [...thirty]);
  assert.equal([...(await read({ x: accel, y: labels, kind: extra }, { labels: 'kind' })).test!.y!], new Array(30).fill(0.5));
  const { graph } = twoInputs;
  const second = { ...graph.tensors[2], name: 'value' };
  const heads = { graph: { ...graph, tensors: [...graph.tensors, second], inputs: [0], outputs: [2, 3] } };
  const both = { 'd.npz': npz({ x: accel, y_out: labels, y_value: extra }) };
  await fails(both, 'bad-option', /labels for several outputs of the model: "y_out", "y_value"/, { model: heads });
  const named = await loadDataset(both, { whole: true, model: heads, output: 'out' });
  assert.equal([...named.test!.y!], [...thirty]);
  assert.equal(named.notes, ['not used in d.npz: the array y_value']);
});

test('what is not used of a file or a folder is named', async () => {
  const one = { x: [x, [60, 4]], y: [y, [60]] } as const;
  const notes = async (source: DataSource, options: DataOptions = whole) => (await loadDataset(source, options)).notes;
  assert.equal(await notes({ 'd.npz': npz({ ...one, id: [y, [60]], names: [y, [60]] }) }), [
    'not used in d.npz: the arrays id, names',
  ]);
  assert.equal(await notes({ 'd.npz': npz({ ...one, x_train: [x, [60, 4]] }) }, { split: [0.5, 0.2, 0.3] }), [
    'not used in d.npz: the arrays x, y',
    'd.npz:x_train split: 30 train, 12 validation, 18 test (seed 0)',
  ]);
  assert.equal(await notes({ 'test.npz': npz(one), 'labels.csv': new Uint8Array(1) }), ['not used in dataset: labels.csv']);
  assert.equal(await notes({ 'a/1.png': png(2, 2, 1), 'a/1.txt': new Uint8Array(1), 'b/2.bmp': new Uint8Array(1) }), [
    'not used in dataset: a/1.txt, b/2.bmp',
  ]);
});

const SYSTEM = [
  '__MACOSX/a/._1.png',
  'a/.DS_Store',
  'a/._1.png',
  '.DS_Store',
  '@eaDir/1.png/SYNOFILE_THUMB_M.jpg',
  'a/@eaDir/1.png@SynoResource',
  'b/Thumbs.db',
  'b/thumbs.db',
  'desktop.ini',
  '.git/objects/1.png',
  '#recycle/1.png',
  '.ipynb_checkpoints/1.png',
];

test('files and folders of the system are passed over and named', async () => {
  const pictures = { 'a/1.png': png(2, 2, 1), 'b/1.png': png(2, 2, 1) };
  for (const name of SYSTEM) {
    const d = await loadDataset({ ...pictures, [name]: png(9, 9, 3) }, whole);
    assert.equal(d.classNames, ['a', 'b']);
    assert.is(d.test!.count, 2);
    assert.equal(d.notes, [`passed over in dataset, of the system or hidden: ${name}`]);
  }
  const root = mkdtempSync(join(tmpdir(), 'thumbnet-system-'));
  for (const name of ['cat', 'dog', '__MACOSX', '@eaDir', 'cat/@eaDir/1.png', '.Trashes'])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ['cat', 'dog', 'cat/@eaDir/1.png']) writeFileSync(join(root, name, '1.png'), png(2, 2, 1));
  const d = await loadDataset(root, whole);
  assert.equal(d.classNames, ['cat', 'dog']);
  assert.match(d.notes.join('; '), /of the system or hidden: \.Trashes, @eaDir, __MACOSX, cat\/@eaDir$/);
  rmSync(root, { recursive: true });
});

test('an archive that a Mac has packed', async () => {
  const d = await loadDataset({ 'd.npz': npz({ x: [x, [60, 4]], y: [y, [60]], '__MACOSX/._x': [y, [60]] }) }, whole);
  assert.is(d.test!.count, 60);
  assert.equal(d.notes, ['not used in d.npz: __MACOSX/._x.npy']);
});

test('a picture below a class folder is named, at any depth', async () => {
  await fails({ 'a/1.png': png(2, 2, 1), 'train/a/b/c/1.png': png(2, 2, 1) }, 'unsupported', /train\/a\/b\/c\/1\.png/);
});

test('every file cut short anywhere is an error that names it', async () => {
  for (const { name, files } of SOURCES) {
    await loadDataset(files);
    for (let n = 0; n < files[name].length; n++) {
      const error = await loadDataset({ ...files, [name]: files[name].subarray(0, n) }).catch((e) => e);
      assert.instance(error, CompressError, `${name} cut at ${n}: ${error}`);
    }
  }
});

test('changed and random bytes end in a dataset or a CompressError', async () => {
  const sources = [...SOURCES, { name: 'a/1.jpg', files: { 'a/1.jpg': jpg(8, 8) } }];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sources),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      async ({ name, files }, changes) => {
        const bytes = files[name].slice();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const result = await loadDataset({ [name]: bytes }).catch((e) => e);
        assert.ok(result instanceof CompressError || 'inputs' in result, String(result.stack));
      },
    ),
    { numRuns: 600 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('d', 'd.npz', 'd.npy', 'd.bin', 'd.gz', 'a/b.png'),
      fc.uint8Array({ maxLength: 200 }),
      async (name, bytes) => {
        const result = await loadDataset({ [name]: bytes }).catch((e) => e);
        assert.instance(result, CompressError);
      },
    ),
    { numRuns: 300 },
  );
});

test.run();
