/** Pictures: IDX, CIFAR, folders of classes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode as encodePng } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { cifar, GREY, INDEXED, idx, jpg, png, rawPng } from './sources.ts';

const whole = { whole: true };

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

test.run();
