/** What cannot be read is an error that says why. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { writeNpy } from '../../src/data/npy.ts';
import { CompressError } from '../../src/errors.ts';
import { fails } from './fails.ts';
import { counted, idx, jpg, npz, png } from './sources.ts';

const { x, y } = counted(60, 4);

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
  await fails({ 'data.csv': Uint8Array.of(1, 2) }, 'bad-data', /data\.csv row 1, column 1: .* is no number/);
  await fails({ 'data.xyz': Uint8Array.of(1, 2) }, 'unsupported', /no format that is known/);
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

/** Small valid sources of every format; `name` is the file that is damaged. */
const SOURCES: { name: string; files: Record<string, Uint8Array> }[] = [
  { name: 'd.npz', files: { 'd.npz': npz({ x: [counted(6, 2).x, [6, 2]], y: [counted(6, 2).y, [6]] }) } },
  { name: 'd.npy', files: { 'd.npy': writeNpy(counted(6, 2).x, [6, 2]) } },
  { name: 'train-images-idx3-ubyte.gz', files: { 'train-images-idx3-ubyte.gz': idx([3, 2, 1], [1, 2, 3, 4, 5, 6], true) } },
  { name: 'train-images-idx3-ubyte', files: { 'train-images-idx3-ubyte': idx([3, 2, 1], [1, 2, 3, 4, 5, 6]) } },
  { name: 'a/1.png', files: { 'a/1.png': png(3, 3, 3) } },
];

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
