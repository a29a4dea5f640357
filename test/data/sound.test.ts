/** WAV beside sox, resampling beside exact tones, and the layout of Speech Commands. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { resample } from '../../src/data/resample.ts';
import { testWhere } from '../skipped.ts';
import { fails } from './fails.ts';
import { wav } from './sources.ts';

const whole = { whole: true } as const;
const noise = (n: number): Int16Array => {
  let s = 1;
  return Int16Array.from({ length: n }, () => {
    s = (Math.imul(s, 1103515245) + 12345) >>> 0;
    return (s >>> 16) - 32768;
  });
};
const hasSox = (() => {
  try {
    execFileSync('sox', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

testWhere(hasSox, 'sox is absent')('every kind of samples as sox reads them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'thumbnet-wav-'));
  const source = join(folder, 'source.wav');
  writeFileSync(source, wav(noise(3000), 16000, 2));
  const kinds = [
    ['-b', '8', '-e', 'unsigned-integer'],
    ['-b', '16', '-e', 'signed-integer'],
    ['-b', '24', '-e', 'signed-integer'],
    ['-b', '32', '-e', 'signed-integer'],
    ['-b', '32', '-e', 'floating-point'],
    ['-b', '64', '-e', 'floating-point'],
  ];
  for (const kind of kinds) {
    const file = join(folder, 'a.wav');
    execFileSync('sox', ['-D', '-G', source, ...kind, file], { stdio: 'ignore' });
    const raw = execFileSync('sox', ['-D', file, '-t', 'f64', '-'], { maxBuffer: 1 << 24 });
    const wanted = new Float64Array(Uint8Array.from(raw).buffer);
    const d = await loadDataset({ 'a.wav': Uint8Array.from(readFileSync(file)) }, whole);
    const got = d.test!.inputs[0];
    assert.is(got.length, wanted.length / 2);
    // sox holds samples as 32 bits
    for (let i = 0; i < got.length; i++)
      assert.ok(Math.abs(got[i] - (wanted[2 * i] + wanted[2 * i + 1]) / 2) < 1e-7, `${kind} ${i}`);
  }
  execFileSync('sox', ['-D', source, '-e', 'mu-law', join(folder, 'b.wav')], { stdio: 'ignore' });
  await fails({ 'b.wav': Uint8Array.from(readFileSync(join(folder, 'b.wav'))) }, 'unsupported', /compressed \(µ-law\)/);
  rmSync(folder, { recursive: true });
});

test('resampled tones keep their frequency, height and phase', () => {
  for (const [from, to, hz] of [
    [44100, 16000, 1000],
    [44100, 16000, 6500],
    [8000, 16000, 3000],
    [11025, 16000, 440],
    [16000.5, 16000, 900],
    [100, 50, 7],
  ]) {
    const n = 4000;
    const tone = (rate: number, length: number) =>
      Float32Array.from({ length }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / rate));
    const got = resample(tone(from, n), 1, from, to);
    assert.is(got.length, Math.ceil((n * to) / from));
    const wanted = tone(to, got.length);
    const edge = Math.ceil(80 * Math.max(1, to / from));
    let [error, power] = [0, 0];
    for (let i = edge; i < got.length - edge; i++) {
      error += (got[i] - wanted[i]) ** 2;
      power += wanted[i] ** 2;
    }
    assert.ok(10 * Math.log10(power / error) > 85, `${from} -> ${to}, ${hz} Hz: ${10 * Math.log10(power / error)} dB`);
  }
  // what the new rate cannot hold is gone
  const alias = resample(
    Float32Array.from({ length: 8000 }, (_, i) => Math.sin((2 * Math.PI * 9000 * i) / 44100)),
    1,
    44100,
    16000,
  );
  assert.ok(alias.subarray(100, -100).every((v) => Math.abs(v) < 1e-3));
});

test('class folders, rates, speakers, lists of parts', async () => {
  const clip = (rate = 16000, n = rate) => wav(noise(n), rate);
  const files = {
    'yes/ann_nohash_0.wav': clip(),
    'yes/bob_nohash_0.wav': clip(),
    'no/ann_nohash_0.wav': clip(16000, 12000),
    'no/bob_nohash_1.wav': clip(8000),
    '_background_noise_/hum.wav': clip(16000, 40000),
  };
  await fails(files, 'bad-data', /no\/bob_nohash_1\.wav has 8000 samples a second, but no\/ann_nohash_0\.wav has 16000/);
  const d = await loadDataset(files, { ...whole, rate: 16000, window: '1s' });
  assert.equal(d.inputs[0].shape, [16000, 1]);
  assert.equal(d.classNames, ['no', 'yes']);
  assert.equal([...d.test!.groups!], [0, 1, 0, 1]);
  assert.ok(d.notes.some((n) => /left out, in a folder for other use: _background_noise_\/hum\.wav/.test(n)));
  assert.ok(d.notes.some((n) => /zeros behind recordings shorter than 16000 samples: no\/ann/.test(n)));
  const lists = { 'testing_list.txt': new TextEncoder().encode('yes/bob_nohash_0.wav\n') };
  const { 'no/bob_nohash_1.wav': _, ...rest } = files;
  const parts = await loadDataset({ ...rest, ...lists }, { window: 16000, split: [1, 0, 0] });
  assert.is(parts.test!.count, 1);
  assert.is(parts.train!.count, 2);
});

test('bad sound: one message each', async () => {
  const good = wav(noise(100), 8000);
  await fails(
    { 'a.wav': good.subarray(0, 100) },
    'bad-file',
    /a\.wav is damaged: its header says 200 bytes of samples, but 56 follow/,
  );
  await fails({ 'a.wav': wav(noise(0), 8000) }, 'bad-data', /a\.wav holds no samples|no rows/);
  await fails({ 'a.wav': Uint8Array.from(good, (b, i) => (i === 20 ? 85 : b)) }, 'unsupported', /compressed \(MP3\)/);
  const silent = await loadDataset({ 'a.wav': wav(new Int16Array(9), 8000) }, whole);
  assert.ok(silent.notes.includes('silent, all samples are 0: a.wav'));
  const loud = await loadDataset({ 'a.wav': wav(new Int16Array(9).fill(32767), 8000) }, whole);
  assert.ok(loud.notes.includes('clipped, one of a thousand samples or more at full scale: a.wav'));
});

test.run();
