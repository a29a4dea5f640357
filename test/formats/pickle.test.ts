/** Weights of Keras that NumPy pickled: what is damaged or more than arrays is refused. */
import { readFileSync } from 'node:fs';
import { unzipSync, zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { openNpz } from '../../src/formats/keras/npz.ts';
import { unpickled } from '../../src/formats/keras/pickle.ts';

const archive = unzipSync(readFileSync(new URL('../fixtures/keras/series_npz.keras', import.meta.url)));
const npz = archive['model.weights.npz'];

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (e) {
    if (e instanceof CompressError && e.code === 'bad-file') return e.message;
    throw e;
  }
  return '';
};

test('groups and variables stand as in model.weights.h5', () => {
  const file = openNpz(npz);
  assert.ok(file.keys('/layers').includes('conv1d'));
  assert.equal(file.array('/layers/conv1d/vars/0')!.shape, [3, 4, 6]);
  assert.is(file.array('/layers/conv1d/vars/7'), null);
});

test('a pickle that would call something is kept as what it says, and refused as an array', () => {
  // cos\nsystem\n(S... : protocol 2, os.system of a tuple of one text
  const bytes = new TextEncoder().encode('\u0002cos\nsystem\nX\u0002\u0000\u0000\u0000ls');
  const call = Uint8Array.from([0x80, ...bytes, 0x85, 0x52, 0x2e]);
  assert.is(JSON.stringify(unpickled(call)), '{"by":{"name":"os.system"},"given":["ls"],"state":null}');
  const header = new TextEncoder().encode("{'descr': '|O', 'fortran_order': False, 'shape': (), }\n");
  const npy = Uint8Array.from([0x93, 78, 85, 77, 80, 89, 1, 0, header.length, 0, ...header, ...call]);
  assert.match(
    refusal(() => openNpz(zipSync({ 'layers/dense.npy': npy }))),
    /damaged/,
  );
});

test('every byte cut off or changed is refused or read, never a crash', () => {
  const [name, npy] = Object.entries(unzipSync(npz)).find(([n]) => n.includes('conv1d'))!;
  let refused = 0;
  for (let i = 0; i < npy.length; i += 3) {
    const changed = npy.slice();
    changed[i] ^= 0x55;
    for (const bytes of [npy.subarray(0, i), changed]) if (refusal(() => openNpz(zipSync({ [name]: bytes })))) refused++;
  }
  assert.ok(refused > npy.length / 3, `${refused} refused`);
});

test.run();
