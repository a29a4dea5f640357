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

/**
 * NumPy 1.24's savez_compressed of `layers/dense`, an array of one dictionary: 0 to 5 as [2, 3] by columns, [0.5, -2, 1/3] as float16, and 0 to
 * 23 as [2, 3, 4] by columns.
 */
const ORDERS =
  'UEsDBBQAAAAIAAAAIQDPtC6tpQEAAH4CAAAQABQAbGF5ZXJzL2RlbnNlLm5weQEAEAB+AgAAAAAAAKUBAAAAAAAApY9PT9tAEMXHMdDWUKClBQoUTP/ZtGkEqEioQiJWpB6wGpAlJDhUYDtGRoIkb7OpFBWkXEKSWyUuHDn22GOPfJR+E5i1k0PVIyPNvt3x+P1mLou7X3f2NfpOP6xSVAuF9dm0zratrGkdVYQUfvmgIkqRKn/xT2oR12uxX434ba9kl7LmuXmfMJp6WK6fVhu5sCKi3Gn9RB77QvgN40BEYaVck6IeSgOUdhnlUvoVmkstZApaAL2NAQ+Dtqu5WgtDvcaSbFQjAw/2MkS0vY6H3U4bjzwYtqvvaVw7w3CxWNy65UgOd1NiJOh+w+NzjNpJyzLGYooT0njMmCcenipMxtUvMBGn3kef8Ex5P/cw2ffewNS/3iQxHXQK05REPk/U3OTMqwfRdR4vJGaC5N8VzPahcwr60sO8guotLPSRqzAVctHDK0bG/8NeB93CEK3Tze4a3ki8Ta1X8a5vbSlr28NSbx93oI338WSncNgb0UnHa7IS57WTjryj7lzvsI5z/nLSFQ5Zb1h/spqcv510zSrrX9Yr1mXOPw4+SGSDui/xMcjdAVBLAQIUAxQAAAAIAAAAIQDPtC6tpQEAAH4CAAAQAAAAAAAAAAAAAACAAQAAAABsYXllcnMvZGVuc2UubnB5UEsFBgAAAAABAAEAPgAAAOcBAAAAAA==';

test('arrays by columns and of half floats are read as numpy means them', () => {
  const { array } = openNpz(Uint8Array.from(Buffer.from(ORDERS, 'base64')));
  const first = array('layers/dense/vars/0')!;
  assert.equal(
    [first.shape, [...first.data]],
    [
      [2, 3],
      [0, 1, 2, 3, 4, 5],
    ],
  );
  assert.equal([...array('layers/dense/vars/1')!.data], [0.5, -2, 0.333251953125]);
  const third = array('layers/dense/vars/2')!;
  assert.equal([third.shape, [...third.data]], [[2, 3, 4], Array.from({ length: 24 }, (_, i) => i)]);
});

test.run();
