import { readFileSync } from 'node:fs';
import * as h5wasm from 'h5wasm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
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

const arrays = Uint8Array.from(readFileSync(new URL('../fixtures/hdf5/arrays.h5', import.meta.url)));
const ramp = Float32Array.from({ length: 24 }, (_, i) => i / 8 - 1);

test('arrays as h5py stores them: byte orders, half floats, checksums, values that were never written', () => {
  const file = openHdf5(arrays);
  const whole = ramp.map((v) => 8 * v);
  for (const name of ['f2', 'big f2', 'big f4', 'big f8', 'big i2'])
    assert.equal(file.array(name), { shape: [6, 4], data: whole }, name);
  assert.equal(file.array('shuffled'), { shape: [6, 4], data: ramp });
  assert.equal(
    file.array('checked')!.data,
    Float32Array.from({ length: 41 }, (_, i) => i),
  );
  assert.equal([...file.array('never written')!.data], [2.5, 2.5, 2.5]);
  const part = file.array('written in part')!.data;
  part.forEach((v, i) => {
    const isWritten = i >= 8 && i < 16 && i % 4 < 2;
    assert.is(v, isWritten ? 7 : -1.5, `element ${i}`);
  });
  assert.equal([...file.array('bfloat16')!.data], [1, -2.5, 2 ** 100, 0]);
  assert.equal(file.array('nothing'), { shape: [0], data: new Float32Array() });
});

for (const superblock of ['earliest', 'latest']) {
  test(`links, texts and layouts behind a user block, superblock ${superblock}`, () => {
    const fixture = new URL(`../fixtures/hdf5/links_${superblock}.h5`, import.meta.url);
    const file = openHdf5(Uint8Array.from(readFileSync(fixture)));
    const names = ['plain', 'compact', 'hard', 'beside', ...(superblock === 'earliest' ? ['resizable'] : [])];
    for (const name of names) {
      assert.equal(file.array(`weights/layer/${name}`), { shape: [6, 4], data: ramp }, name);
      assert.equal(file.array(`whole/${name}`), { shape: [6, 4], data: ramp }, name);
    }
    assert.equal(file.keys('whole'), names.sort());
    assert.equal(file.texts('whole', 'text'), ['grüße']);
    assert.equal(file.texts('weights/layer', 'texts'), ['kernel:0', 'bias:0']);
    assert.equal(file.texts('weights/layer', 'of any length'), ['a', 'bcd']);
    assert.throws(() => file.array('circle'), /"\/circle" leads to itself/);
    assert.throws(() => file.array('elsewhere'), /"\/elsewhere" is in another file/);
  });
}

test('what is not read is refused by name', () => {
  const file = openHdf5(arrays);
  const reasons: Readonly<Record<string, RegExp>> = {
    '20 bits': /values of 4 bytes/,
    opaque: /values of 2 bytes/,
    'long double': /values of 16 bytes/,
    lzf: /LZF/,
    elsewhere: /other files/,
    'of a type': /committed datatype/,
    newest: /chunks by a layout of version 4/,
  };
  for (const [name, reason] of Object.entries(reasons)) {
    let error: unknown;
    try {
      file.array(name);
    } catch (e) {
      error = e;
    }
    assert.ok(error instanceof CompressError, name);
    assert.is(error.code, 'unsupported');
    assert.ok(error.what.includes(`"/${name}"`), error.what);
    assert.match(error.what, reason);
  }
});

test('a changed byte in a chunk is found by its checksum', () => {
  for (const [name, content] of [
    ['checked', Array.from({ length: 7 }, (_, i) => i + 14)],
    ['shuffled', [0x78]],
  ] as const) {
    const places = [...arrays.keys()].filter((at) => content.every((b, i) => arrays[at + i] === b));
    const refused = places.filter((at) => {
      const file = openHdf5(arrays.map((b, i) => (i === at + 5 ? b ^ 1 : b)));
      try {
        file.array(name);
        return false;
      } catch (e) {
        return e instanceof CompressError && /damaged/.test(e.what);
      }
    });
    assert.ok(refused.length > 0, name);
  }
});

test.run();
