/** Front ends: the definition beside librosa and numpy, integers beside the definition, and names and options. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import {
  compileFrontEnd,
  definedFeatures,
  FEATURE_NAMES,
  factsOf,
  featuresOf,
  frontEndOf,
  makeFrontEnd,
  planFrontEnd,
  shapeOf,
} from '../../src/features/index.ts';
import { createRandom, normal } from '../../src/random.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const given = JSON.parse(readFileSync(new URL('../fixtures/features.json', import.meta.url), 'utf8')) as {
  rate: number;
  samples: number[];
  features: Record<string, number[][]>;
};
const sound = Float32Array.from(given.samples, (v) => v / 32768);
const SIGNAL = { samples: sound.length, channels: 1, rate: given.rate, step: -15 };

for (const [name, wanted] of Object.entries(given.features)) {
  test(`${name}: the definition is that of librosa or TensorFlow, integers are near it`, () => {
    const front = makeFrontEnd(name, SIGNAL);
    assert.equal(shapeOf(front), [wanted.length, wanted[0].length]);
    const defined = definedFeatures(front, sound);
    const flat = wanted.flat();
    // sines of src/elementary.ts are within 1e-9, the file has 6 digits
    defined.forEach((v, i) => void assert.ok(Math.abs(v - flat[i]) < 2e-6, `${i}: ${v}, ${flat[i]}`));
    const { values, cut } = featuresOf(heap, front, sound, 1);
    assert.is(cut, 0);
    const mean = values.reduce((sum, v, i) => sum + Math.abs(v - defined[i]), 0) / values.length;
    assert.ok(mean < 0.003, `${mean}`);
  });
}

const speech = JSON.parse(readFileSync(new URL('../fixtures/micro_speech.json', import.meta.url), 'utf8')) as {
  features: Record<string, number[]>;
};
for (const [name, wanted] of Object.entries(speech.features)) {
  test(`${name}: integers are those of TensorFlow Lite Micro`, () => {
    const front = makeFrontEnd(name, SIGNAL);
    const { values } = featuresOf(heap, front, sound, 1);
    assert.equal(
      [...values].map((v) => 64 * v),
      wanted,
    );
  });
}

test('micro-speech begins each example in silence, and its estimate goes on from frame to frame', () => {
  const front = makeFrontEnd('micro-speech', SIGNAL);
  const twice = featuresOf(heap, front, Float32Array.of(...sound, ...sound), 2).values;
  assert.equal(twice.slice(0, twice.length / 2), twice.slice(twice.length / 2));
  // a steady tone falls as it is taken for noise
  const tone = Float32Array.from({ length: 4000 }, (_, i) => 0.3 * Math.sin(i * 0.4));
  const { values } = featuresOf(heap, front, tone, 1);
  const loudest = (f: number) => Math.max(...values.subarray(40 * f, 40 * (f + 1)));
  assert.ok(loudest(0) > loudest(5) && loudest(5) > loudest(11), `${loudest(0)}, ${loudest(5)}, ${loudest(11)}`);
});

const random = createRandom(1, 'features');
const three = Float32Array.from(
  { length: 3 * 600 },
  (_, i) => 5 * Math.sin(i * i * 0.0001 * ((i % 3) + 1)) + (i % 3) + 0.3 * normal(random),
);

for (const name of Object.keys(FEATURE_NAMES)) {
  test(`${name}: several channels, any height, as the definition`, () => {
    for (const height of [1, 0.01]) {
      const signal = { samples: 600, channels: 3, rate: 1000, step: -12 };
      const short = name.startsWith('librosa')
        ? 'frame=256,hop=128,bands=20'
        : /mfcc|mel|mfe|micro/.test(name)
          ? 'frame=128,hop=64,fft=128,low=20,high=500,bands=12'
          : '';
      const front = makeFrontEnd(short ? `${name}:${short}` : name, signal);
      const x = three.map((v) => Math.round(v * height * 4096) / 4096);
      const defined = definedFeatures(front, x);
      const { values } = featuresOf(heap, front, x, 1);
      assert.is(values.length, defined.length);
      const mean = values.reduce((sum, v, i) => sum + Math.abs(v - defined[i]), 0) / values.length;
      // decibels are 4 times as fine a scale; low places of a steep spectrum are rounded most; 16 bits of spectrum and 6 of gain are what micro_speech has
      assert.ok(mean < (name === 'mfe' ? 0.1 : name === 'micro-speech' ? 0.4 : 0.03), `${height}: ${mean}`);
    }
  });
}

test('silence, the ends and one example after another', () => {
  for (const name of ['mfcc', 'fft:fft=8192', 'stats', 'mfe', 'spectrogram']) {
    const front = makeFrontEnd(name, SIGNAL);
    heap.scope(() => {
      const c = compileFrontEnd(heap, front);
      const run = (value: (i: number) => number) => {
        heap.write(
          c.input,
          Int16Array.from({ length: SIGNAL.samples }, (_, i) => value(i)),
        );
        c.run();
        return heap.read(c.output) as Int16Array;
      };
      const silence = run(() => 0);
      const loud = run((i) => (i & 64 ? 32767 : -32768));
      assert.not.equal([...loud], [...silence]);
      assert.equal([...run(() => 0)], [...silence]);
      const unit = 2 ** front.exponent;
      const defined = definedFeatures(
        front,
        Float64Array.from({ length: SIGNAL.samples }, (_, i) => (i & 64 ? 32767 : -32768) / 32768),
      );
      const far = defined.map((v, i) => Math.abs(v - loud[i] * unit)).reduce((a, b) => a + b, 0) / defined.length;
      // between the lines of a square wave there is nothing but rounding, 90 dB below
      assert.ok(far < (name === 'mfcc' || name === 'stats' ? 0.1 : 9), `${name}: ${far}`);
    });
  }
});

test('a front end is made again from its facts', () => {
  const front = makeFrontEnd('logmel:bands=20,hop=10ms', SIGNAL);
  assert.equal(frontEndOf(JSON.parse(JSON.stringify(factsOf(front)))), front);
  assert.is(planFrontEnd(front).steps.length, 4);
  assert.equal(shapeOf(makeFrontEnd('mfcc', { ...SIGNAL, samples: 16000 })), [49, 10]);
});

test('what cannot be: one message each', () => {
  const fails = (name: string, message: RegExp, signal: object = {}) => {
    try {
      makeFrontEnd(name, { ...SIGNAL, ...signal });
    } catch (e) {
      assert.instance(e, CompressError);
      assert.match((e as CompressError).message, message);
      return;
    }
    assert.unreachable(name);
  };
  fails('mfc', /--features mfc is not known/);
  fails('mfcc:band=3', /did you mean "bands"/);
  fails('mfcc:bands=x', /bands as a number/);
  fails('mfcc:log=log2', /one of ln, db/);
  fails('mfcc', /needs the rate/, { rate: null });
  fails('mfcc:frame=2s', /longer than an example/);
  fails('mfcc:coefficients=41', /41 coefficients of 40 bands/);
  fails('logmel:high=9000', /at most 8000/);
  fails('micro-speech:window=none', /micro-speech has no window/);
  fails('logmel:pcan=on', /logmel has no pcan\n.*micro-speech:pcan=/);
  fails('micro-speech:pcan=1', /one of on, off/);
  fails('micro-speech:remain=2', /remain is a share of 2/);
  fails('micro-speech:strength=0.5', /more than its 16 bits hold/);
  fails('micro-speech:offset=0', /more than its 16 bits hold/);
  fails('fft', /power of two/, { samples: 9000 });
  fails('mfcc:fft=500', /power of two/);
});

test.run();
