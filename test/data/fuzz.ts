/** Small whole files of every kind that datasets are read from, and what becomes of damaged ones. */
import { readFileSync } from 'node:fs';
import { loadDataset } from '../../src/data/index.ts';
import { type Counts, readWithin } from '../formats/fuzz.ts';
import { wav } from './sources.ts';

const picture = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(`../fixtures/pictures/${name}`, import.meta.url)));
const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const acquisition = {
  payload: { interval_ms: 10, sensors: [{ name: 'x' }, { name: 'y' }], values: Array.from({ length: 5 }, (_, i) => [i, -i]) },
};

/** By reader: the name of a file and its whole contents. */
export const SEEDS: Readonly<Record<string, readonly (readonly [name: string, content: Uint8Array])[]>> = {
  csv: [
    ['d.csv', text('time,"a ""x""",b,label\n0,1,2.5,left\n10,3,-4e2,right\n20,5,6,left\n')],
    ['a.tsv', text('1\t2\t0\n3\t4\t1\n5\t6\t2\n')],
  ],
  wav: [
    [
      'a.wav',
      wav(
        Int16Array.from({ length: 40 }, (_, i) => 100 * i),
        8000,
      ),
    ],
    [
      'b.wav',
      wav(
        Int16Array.from({ length: 40 }, (_, i) => 100 * i),
        16000,
        2,
      ),
    ],
  ],
  bmp: ['rgb24.bmp', 'palette8.bmp', 'bit1.bmp', 'rgba32.bmp'].map((name) => [`a/${name}`, picture(name)] as const),
  gif: ['palette.gif', 'grey.gif'].map((name) => [`a/${name}`, picture(name)] as const),
  webp: ['lossy.webp', 'lossless.webp'].map((name) => [`a/${name}`, picture(name)] as const),
  json: [['a.1.json', text(JSON.stringify(acquisition))]],
  cbor: [
    [
      'a.1.cbor',
      Uint8Array.from(
        'a1677061796c6f6164a36b696e74657276616c5f6d73046773656e736f727381a06676616c7565739ff93e00fa3fc0000022fb3ff199999999999aff'.match(
          /../g,
        )!,
        (h) => Number.parseInt(h, 16),
      ),
    ],
  ],
};

/** Reads a damaged file: a dataset or a CompressError. @throws Error for anything else */
export const readDamaged = (name: string, bytes: Uint8Array, counts: Counts): Promise<void> =>
  readWithin(() => loadDataset({ [name]: bytes }, { whole: true }), { what: `${bytes.length} bytes of ${name}`, counts });
