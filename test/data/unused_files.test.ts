/** What of a source is passed over, and named. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DataOptions, type DataSource, loadDataset } from '../../src/data/index.ts';
import { fails } from './fails.ts';
import { counted, npz, png } from './sources.ts';

const { x, y } = counted(60, 4);
const whole = { whole: true };

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
  assert.equal(await notes({ 'a/1.png': png(2, 2, 1), 'a/1.txt': new Uint8Array(1), 'b/2.tif': new Uint8Array(1) }), [
    'not used in dataset: a/1.txt, b/2.tif',
    'classes: 0 a',
    'the label "a" occurs once: a/1.png',
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
    assert.is(d.notes[0], `passed over in dataset, of the system or hidden: ${name}`);
  }
  const root = mkdtempSync(join(tmpdir(), 'thumbnet-system-'));
  for (const name of ['cat', 'dog', '__MACOSX', '@eaDir', 'cat/@eaDir/1.png', '.Trashes'])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ['cat', 'dog', 'cat/@eaDir/1.png']) writeFileSync(join(root, name, '1.png'), png(2, 2, 1));
  const d = await loadDataset(root, whole);
  assert.equal(d.classNames, ['cat', 'dog']);
  assert.match(d.notes.join('; '), /of the system or hidden: \.Trashes, @eaDir, __MACOSX, cat\/@eaDir(;|$)/);
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

test.run();
