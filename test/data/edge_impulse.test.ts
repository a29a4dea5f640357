/** Exports of Edge Impulse: JSON, CBOR, info.labels, and all of it in an archive. */
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { fails } from './fails.ts';
import { wav } from './sources.ts';

const whole = { whole: true } as const;
const payload = (values: readonly unknown[], interval = 10) => ({
  protected: { ver: 'v1', alg: 'HS256', iat: 1564128599 },
  signature: 'b0ee0572a1984b93b6bc56e6576e2cbbd6bccd65d0c356e26b31bbc9a48210c6',
  payload: {
    device_name: 'ac:87:a3:0a:2d:1b',
    device_type: 'DISCO-L475VG-IOT01A',
    interval_ms: interval,
    sensors: [
      { name: 'accX', units: 'm/s2' },
      { name: 'accY', units: 'm/s2' },
    ],
    values,
  },
});
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** Of text, integers below 256, lists and maps; other numbers as doubles. The list of values has no stated length, as devices write it. */
function cbor(value: unknown, key = ''): number[] {
  const head = (major: number, n: number) =>
    n < 24 ? [(major << 5) | n] : n < 256 ? [(major << 5) | 24, n] : [(major << 5) | 25, n >> 8, n & 255];
  if (typeof value === 'string') return [...head(3, value.length), ...new TextEncoder().encode(value)];
  if (Array.isArray(value)) {
    const items = value.flatMap((v) => cbor(v));
    return key === 'values' ? [0x9f, ...items, 0xff] : [...head(4, value.length), ...items];
  }
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 0 && value < 256) return head(0, value);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value);
    return [0xfb, ...bytes];
  }
  const pairs = Object.entries(value!);
  return [...head(5, pairs.length), ...pairs.flatMap(([k, v]) => [...cbor(k), ...cbor(v, k)])];
}
const rows = (k: number) => Array.from({ length: 6 }, (_, i) => [i + k, -i / 8]);

test('JSON and CBOR hold the same, classes by name, parts by folder', async () => {
  for (const [ending, write] of [
    ['json', json],
    ['cbor', (v: unknown) => Uint8Array.from(cbor(v))],
  ] as const) {
    const files = {
      [`training/wave.1.${ending}`]: write(payload(rows(0))),
      [`training/idle.1.${ending}`]: write(payload(rows(1))),
      [`testing/wave.2.${ending}`]: write(payload(rows(2))),
    };
    const d = await loadDataset(files, { split: [0.5, 0.5, 0] });
    assert.equal(d.classNames, ['idle', 'wave']);
    assert.equal([...d.test!.inputs[0]], rows(2).flat());
    assert.equal([...d.test!.y!], [1]);
    const zipped = await loadDataset({ 'export.zip': zipSync(files) }, { split: [0.5, 0.5, 0] });
    assert.equal([...zipped.test!.inputs[0]], rows(2).flat());
  }
});

test('half, single and double floats and integers of CBOR', async () => {
  // sensors [{}], values [1.5 as half, 1.5 as single, -3, 1.1 as double], interval_ms 4
  const hex = `a1677061796c6f6164a36b696e74657276616c5f6d7304${'6773656e736f727381a0'}${'6676616c75657384f93e00fa3fc0000022fb3ff199999999999a'}`;
  const bytes = Uint8Array.from(hex.match(/../g)!, (h) => Number.parseInt(h, 16));
  const d = await loadDataset({ 'a.1.cbor': bytes }, whole);
  assert.equal([...d.test!.inputs[0]], [1.5, 1.5, -3, Math.fround(1.1)]);
});

test('info.labels says labels and parts', async () => {
  const clip = wav(new Int16Array(50).fill(9), 8000);
  const info = (files: unknown[]) => json({ version: 1, files });
  const of = (path: string, label: string, category: string) => ({ path, category, label: { type: 'label', label } });
  const files = { 'training/a.wav': clip, 'training/b.wav': clip, 'testing/c.wav': clip };
  const list = [
    of('training/a.wav', 'on', 'training'),
    of('training/b.wav', 'off', 'training'),
    of('testing/c.wav', 'on', 'testing'),
  ];
  const d = await loadDataset({ ...files, 'info.labels': info(list) }, { split: [0.5, 0.5, 0] });
  assert.equal(d.classNames, ['off', 'on']);
  assert.equal([...d.test!.y!], [1]);
  await fails(
    { ...files, 'info.labels': info([...list, of('testing/d.wav', 'on', 'testing')]) },
    'bad-data',
    /names "testing\/d\.wav"/,
  );
});

test('bad exports: one message each', async () => {
  await fails({ 'a.1.json': json({}) }, 'bad-file', /a\.1\.json is not in Edge Impulse.*no payload/);
  await fails({ 'a.1.json': json(payload([[1, 2], [3]])) }, 'bad-data', /sample 1 has 1 values for 2 sensors/);
  await fails({ 'a.1.json': json(payload([[1, 'x']])) }, 'bad-data', /sample 0 of sensor 1 is no number/);
  await fails({ 'a.1.json': json(payload([[1, 2]], 0)) }, 'bad-file', /interval_ms is no time/);
  await fails({ 'a.1.cbor': Uint8Array.of(0xa1) }, 'bad-file', /a\.1\.cbor is not CBOR/);
});

test.run();
