import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readNpy, writeNpy } from '../../src/data/npy.ts';
import { CompressError } from '../../src/errors.ts';

/** A .npy file as NumPy writes it, of any version, order and type. */
function npy(descr: string, shape: string, raw: number[], { version = 1, fortran = false } = {}): Uint8Array {
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${shape}), }`;
  const from = version === 1 ? 10 : 12;
  const header = `${dict.padEnd(64 * Math.ceil((dict.length + from + 1) / 64) - from - 1)}\n`;
  const length = version === 1 ? [header.length & 255, header.length >> 8] : [header.length & 255, header.length >> 8, 0, 0];
  return Uint8Array.from([0x93, ...Buffer.from('NUMPY'), version, 0, ...length, ...Buffer.from(header), ...raw]);
}

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });
const ARRAYS = [Float32Array, Float64Array, Uint8Array, Int8Array, Int16Array, Uint16Array, Int32Array];

test('what is written is read again', () => {
  fc.assert(
    fc.property(shapes, fc.constantFrom(...ARRAYS), fc.integer(), (shape, type, seed) => {
      const data = new type(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (seed * (i + 1)) / 7));
      const back = readNpy(writeNpy(data, shape), 'x.npy');
      assert.equal(back.shape, shape);
      assert.equal(back.data, data);
    }),
  );
});

test('the data of a written file starts at a multiple of 64 bytes', () => {
  for (const shape of [[1], [3, 4], [1, 2, 3, 4]]) {
    const size = shape.reduce((a, b) => a * b, 1);
    assert.is((writeNpy(new Uint8Array(size), shape).length - size) % 64, 0);
  }
});

test('versions 1, 2 and 3 say the same', () => {
  for (const version of [1, 2, 3]) assert.equal([...readNpy(npy('|i1', '3,', [1, 2, 255], { version }), 'x').data], [1, 2, -1]);
  assert.throws(() => readNpy(npy('|i1', '3,', [1, 2, 3], { version: 4 }), 'x'), /version 4/);
});

test('big endian', () => {
  assert.equal([...readNpy(npy('>i2', '2,', [1, 2, 0xff, 0xfe]), 'x').data], [258, -2]);
  assert.equal([...readNpy(npy('>f4', '1,', [0x3f, 0x80, 0, 0]), 'x').data], [1]);
});

test('Fortran order', () => {
  const a = readNpy(npy('|u1', '2, 3', [1, 4, 2, 5, 3, 6], { fortran: true }), 'x');
  assert.equal([...a.data], [1, 2, 3, 4, 5, 6]);
  const cube = readNpy(npy('|u1', '2, 2, 2', [1, 5, 3, 7, 2, 6, 4, 8], { fortran: true }), 'x');
  assert.equal([...cube.data], [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('half precision, boolean, 64-bit integers', () => {
  const half = readNpy(npy('<f2', '6,', [0, 0x3c, 0, 0xc0, 0, 0, 1, 0, 0xff, 0x7b, 0, 0x7c]), 'x').data;
  assert.equal([...half], [1, -2, 0, 2 ** -24, 65504, Number.POSITIVE_INFINITY]);
  assert.equal([...readNpy(npy('|b1', '3,', [0, 1, 2]), 'x').data], [0, 1, 1]);
  assert.equal([...readNpy(npy('<i8', '1,', [255, 255, 255, 255, 255, 255, 255, 255]), 'x').data], [-1n]);
});

test('objects and strings are refused by name', () => {
  for (const descr of ['|O', '<U10', '<c8']) {
    assert.throws(
      () => readNpy(npy(descr, '1,', [0]), 'x.npy'),
      (e: CompressError) => e.code === 'unsupported' && /x\.npy/.test(e.message),
    );
  }
});

test('a file cut anywhere, and one too long, is an error', () => {
  const file = writeNpy(new Float32Array(3), [3]);
  for (let n = 0; n < file.length; n++) {
    assert.throws(
      () => readNpy(file.subarray(0, n), 'x'),
      (e: Error) => e instanceof CompressError,
      `cut at ${n}`,
    );
  }
  assert.throws(() => readNpy(Uint8Array.from([...file, 0]), 'x'), /12 bytes, but 13/);
});

test('random bytes after the magic give numbers or a CompressError', () => {
  const start = fc.constantFrom(npy('<f4', '2,', [0]), npy('|u1', '', []), npy('<i8', '1, 1', [0]));
  fc.assert(
    fc.property(start, fc.array(fc.tuple(fc.nat(90), fc.nat(255))), (file, changes) => {
      const bytes = file.slice();
      for (const [at, value] of changes) if (at >= 6 && at < bytes.length) bytes[at] = value;
      try {
        readNpy(bytes, 'x');
      } catch (error) {
        assert.instance(error, CompressError);
      }
    }),
    { numRuns: 500 },
  );
});

test.run();
