import * as h5wasm from 'h5wasm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openHdf5 } from '../../src/formats/keras/hdf5.ts';

/** A file as the HDF5 library writes it. */
async function written(write: (file: h5wasm.File) => void): Promise<Uint8Array> {
  const { FS } = await h5wasm.ready;
  const file = new h5wasm.File('/made.h5', 'w');
  write(file);
  file.close();
  const bytes = FS.readFile('/made.h5');
  FS.unlink('/made.h5');
  return bytes;
}

const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sqrt(i) - 7));

test('arrays in one piece and in compressed chunks, of every type that Keras may write', async () => {
  const data = numbers(30 * 17 * 5);
  const bytes = await written((file) => {
    file.create_dataset({ name: 'plain', data, shape: [30, 17, 5] });
    file.create_dataset({
      name: 'chunks',
      data,
      shape: [30, 17, 5],
      chunks: [7, 6, 2],
      compression: 'gzip',
      compression_opts: 6,
    });
    file.create_dataset({ name: 'scalar', data: 42, dtype: '<i4' });
    file.create_dataset({ name: 'doubles', data: Float64Array.of(0.5, -3) });
    file.create_dataset({ name: 'bytes', data: Int8Array.of(-128, 127, 0) });
    file.create_dataset({ name: 'long', data: BigInt64Array.of(-5n, 1n << 40n) });
  });
  const file = openHdf5(bytes);
  assert.equal(file.keys('/'), ['bytes', 'chunks', 'doubles', 'long', 'plain', 'scalar']);
  assert.equal(file.array('/plain'), { shape: [30, 17, 5], data });
  assert.equal(file.array('chunks'), { shape: [30, 17, 5], data });
  assert.equal([...file.array('scalar')!.data], [42]);
  assert.equal([...file.array('doubles')!.data], [0.5, -3]);
  assert.equal([...file.array('bytes')!.data], [-128, 127, 0]);
  assert.equal([...file.array('long')!.data], [-5, 2 ** 40]);
  assert.is(file.array('/nothing'), null);
  assert.is(file.array('/'), null);
});

test('many groups and many attributes, which the library keeps in heaps', async () => {
  const names = Array.from({ length: 700 }, (_, i) => `layer_${i}`);
  const bytes = await written((file) => {
    for (const [i, name] of names.entries()) file.create_group(name).create_attribute('index', String(i));
    const group = file.create_group('few') as h5wasm.Group;
    for (let i = 0; i < 40; i++) group.create_attribute(`text${i}`, [`a${i}`, 'ü'.repeat(i)]);
  });
  const file = openHdf5(bytes);
  assert.equal(file.keys('/'), ['few', ...names].sort());
  for (const i of [0, 1, 350, 699]) assert.equal(file.texts(`layer_${i}`, 'index'), [String(i)]);
  for (let i = 0; i < 40; i++) assert.equal(file.texts('/few', `text${i}`), [`a${i}`, 'ü'.repeat(i)]);
  assert.equal(file.texts('/few', 'text')!.length, 80);
  assert.is(file.texts('/few', 'other'), null);
});

test.run();
