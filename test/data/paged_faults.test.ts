/** Files that examples stay in, and the folder that they are unpacked to, as they may fail. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeNpy } from '../../src/data/npy.ts';
import { npyOnDisk, npzOnDisk } from '../../src/data/npz_file.ts';
import { numbersBetween } from '../../src/data/paged.ts';
import { toSamples } from '../../src/data/raw.ts';
import { CompressError } from '../../src/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'paged-faults-'));
test.after(() => rmSync(folder, { recursive: true }));

const x = writeNpy(new Float32Array(60), [10, 6]);

const refusal = (work: () => unknown): CompressError => {
  try {
    work();
  } catch (e) {
    assert.instance(e, CompressError);
    return e as CompressError;
  }
  throw new Error('it was not refused');
};

test('a folder for temporary files that takes nothing is named, not the archive', () => {
  const file = join(folder, 'x.npz');
  writeFileSync(file, zipSync({ 'x.npy': x }));
  const { TMPDIR } = process.env;
  process.env.TMPDIR = join(folder, 'none');
  try {
    const { code, what } = refusal(() => npzOnDisk(file, 'x.npz', { notes: [] }, 100).read('x'));
    assert.is(code, 'cannot-write');
    assert.match(what, /^the folder for temporary files, .*none, cannot take x\.npy: ENOENT/);
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
});

test('a file that is taken away, or cut short, while its examples are read', () => {
  const gone = join(folder, 'gone.npy');
  writeFileSync(gone, x);
  const there = toSamples(npyOnDisk(gone, 'gone.npy'), 'gone.npy');
  assert.is(numbersBetween(there, 0, 6).length, 6);
  writeFileSync(gone, x.subarray(0, 200));
  assert.match(refusal(() => numbersBetween(there, 54, 60)).what, /gone\.npy cannot be read any more: it has become shorter/);
  const moved = { ...(there as object), files: [join(folder, 'moved.npy')] } as unknown as Float32Array;
  const { code, what } = refusal(() => numbersBetween(moved, 0, 6));
  assert.is(code, 'bad-file');
  assert.match(what, /moved\.npy cannot be read any more: ENOENT/);
});

test.run();
