/** BMP, GIF and resizing beside Pillow; lists of files. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decode } from '../../src/data/images.ts';
import { loadDataset } from '../../src/data/index.ts';
import { host } from '../../src/host/node.ts';
import { fails } from './fails.ts';
import { png } from './sources.ts';

const FOLDER = new URL('../fixtures/pictures/', import.meta.url);
const read = (name: string): Uint8Array => Uint8Array.from(readFileSync(new URL(name, FOLDER)));
const { resized, ...pictures } = JSON.parse(readFileSync(new URL('pillow.json', FOLDER), 'utf8')).pictures as Record<
  string,
  { size: [number, number]; rgb: number[] }
> & { resized: Record<string, number[]> };
const whole = { whole: true } as const;

for (const [name, { size, rgb }] of Object.entries(pictures)) {
  test(`${name}: pixels as Pillow reads them`, async () => {
    const { width, height, channels, pixels } = await decode(read(name), name);
    assert.equal([width, height], size);
    assert.equal(channels === 3 ? [...pixels] : [...pixels].flatMap((v) => [v, v, v]), rgb);
  });
}

for (const [resize, wanted] of Object.entries(resized)) {
  test(`--resize ${resize}: within 1 of Pillow's`, async () => {
    const d = await loadDataset({ 'a/1.bmp': read('large.bmp') }, { ...whole, resize });
    const got = d.test!.inputs[0];
    assert.is(got.length, wanted.length);
    // Pillow rounds once more, between rows and columns
    assert.ok(wanted.every((v, i) => Math.abs(v - got[i]) <= 1));
    assert.equal(d.stated, { resize });
  });
}

test('16 bits by masks, and from the top', async () => {
  const bytes = new Uint8Array(66 + 4);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  for (const [at, v] of [
    [10, 66],
    [14, 40],
    [18, 2],
    [22, -1],
    [30, 3],
    [54, 0xf800],
    [58, 0x7e0],
    [62, 0x1f],
  ])
    view.setInt32(at, v, true);
  view.setUint16(28, 16, true);
  view.setUint16(66, 0xf800, true);
  view.setUint16(68, 0x07ff, true);
  assert.equal([...(await decode(bytes, 'x.bmp')).pixels], [255, 0, 0, 0, 255, 255]);
});

test('a list of files says labels, parts and groups; what it names must be there', async () => {
  const files = { 'p/1.png': png(2, 2, 1), 'p/2.png': png(2, 2, 1), 'p/3.png': png(2, 2, 1) };
  const text = (s: string) => new TextEncoder().encode(s);
  const list = 'file,label,split\np/1.png,cat,train\np/2.png,dog,train\np/3.png,dog,test\n';
  const d = await loadDataset({ ...files, 'list.csv': text(list) }, { split: [0.5, 0.5, 0] });
  assert.equal(d.classNames, ['cat', 'dog']);
  assert.equal([...d.test!.y!], [1]);
  const plain = await loadDataset({ ...files, 'all.txt': text('p/2.png dog\np/1.png cat\n') }, whole);
  assert.equal([...plain.test!.y!], [1, 0]);
  await fails(
    { ...files, 'list.csv': text(`${list}p/4.png,dog,test\n`) },
    'bad-data',
    /list\.csv row 5 names "p\/4\.png", which is not there/,
  );
  await fails({ ...files, 'list.csv': text(`${list}p/1.png,dog,test\n`) }, 'bad-data', /p\/1\.png is listed twice/);
});

test('WebP that cannot be read, or by nobody', async () => {
  const webp = read('lossy.webp');
  await fails({ 'a/1.webp': read('frames.webp') }, 'bad-file', /a\/1\.webp is not .*: it is an animation/);
  await fails({ 'a/1.webp': webp.subarray(0, 20) }, 'bad-file', /it is cut short/);
  await fails({ 'a/1.webp': webp.map((b, i) => (i > 40 ? 0 : b)).subarray(0, 60) }, 'bad-file', /Failed to decode/);
  await fails({ 'a/1.webp': webp.with(26, 255).with(27, 63).with(28, 255).with(29, 63) }, 'bad-file', /it would have/);
  const { webp: installed } = host.node!;
  Object.assign(host.node!, { webp: () => Promise.reject(new Error('it is not there')) });
  await fails({ 'a/1.webp': webp }, 'unsupported', /a\/1\.webp is WebP, and nothing here decodes it/);
  Object.assign(host.node!, { webp: installed });
});

test.run();
