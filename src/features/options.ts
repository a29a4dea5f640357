/** `--features mfcc`, `--features logmel:bands=20,hop=10ms`: names, what they stand for, and what may be changed. */
import { CompressError, nearestNames } from '../errors.ts';
import type { FrontEnd, LogUnit, Scale, WindowName } from './front_end.ts';

/** What may be stated. Times are in ms, or in samples where the rate is not known. */
export interface FeatureOptions {
  readonly kind: 'mel' | 'micro' | 'spectrum' | 'stats';
  /** Length of a frame, and from the begin of one to the next: 'all' is the whole example. */
  readonly frame: Span;
  readonly hop: Span;
  /** 0: the power of two that holds a frame. */
  readonly fft: number;
  readonly window: WindowName;
  readonly emphasis: number;
  readonly centred: boolean;
  readonly energy: 'power' | 'magnitude';
  readonly scale: Scale;
  readonly bands: number;
  /** Hertz; 0 as `high` is half the rate. */
  readonly low: number;
  readonly high: number;
  readonly log: LogUnit;
  readonly floor: number;
  /** Energy is divided by the size of the transform. */
  readonly mean: boolean;
  /** Of a cosine transform; 0: none. */
  readonly coefficients: number;
  readonly dct: 'ortho' | 'tf';
  /** Of micro_speech: noise reduction, at what pace the estimate of even and odd bands follows, what share of the signal stays. */
  readonly noise: 'on' | 'off';
  readonly even: number;
  readonly odd: number;
  readonly remain: number;
  /** And its gain control: signal * (noise + offset)^-strength. */
  readonly pcan: 'on' | 'off';
  readonly strength: number;
  readonly offset: number;
}

export interface Span {
  readonly value: number;
  readonly unit: 'ms' | 'samples' | 'all';
}
const ms = (value: number): Span => ({ value, unit: 'ms' });
const samples = (value: number): Span => ({ value, unit: 'samples' });
const ALL: Span = { value: 0, unit: 'all' };

const LOGMEL: FeatureOptions = {
  kind: 'mel',
  frame: ms(30),
  hop: ms(20),
  fft: 0,
  window: 'hann',
  emphasis: 0,
  centred: false,
  energy: 'magnitude',
  scale: 'tf',
  bands: 40,
  low: 20,
  high: 4000,
  log: 'ln',
  floor: 1e-6,
  mean: false,
  coefficients: 0,
  dct: 'ortho',
  noise: 'off',
  even: 0.025,
  odd: 0.06,
  remain: 0.05,
  pcan: 'off',
  strength: 0.95,
  offset: 80,
};
const SPECTRUM: FeatureOptions = { ...LOGMEL, kind: 'spectrum', scale: 'linear', energy: 'power', low: 0, high: 0, floor: 1e-10 };

/** Names and what they stand for. */
export const FEATURE_NAMES: Readonly<Record<string, { readonly about: string; readonly options: FeatureOptions }>> = {
  mfcc: {
    about: "MLPerf Tiny's keyword spotting: 30 ms every 20, 40 mels of 20..4000 Hz, 10 coefficients (49x10 of a second)",
    options: { ...LOGMEL, coefficients: 10, dct: 'tf' },
  },
  logmel: { about: 'its 40 mels without the cosine transform', options: LOGMEL },
  'micro-speech': {
    about:
      "TFLite Micro's micro_speech, bit for bit: 40 mels of 125..7500 Hz, noise reduction and gain control (49x40 of a second)",
    options: { ...LOGMEL, kind: 'micro', low: 125, high: 7500, noise: 'on', pcan: 'on' },
  },
  'librosa-mel': {
    about: 'librosa.feature.melspectrogram(center=False) with a logarithm: 2048 every 512 samples, 128 of Slaney',
    options: {
      ...LOGMEL,
      frame: samples(2048),
      hop: samples(512),
      energy: 'power',
      scale: 'slaney',
      bands: 128,
      low: 0,
      high: 0,
      floor: 1e-10,
    },
  },
  'librosa-mel-htk': {
    about: 'the same with htk=True, norm=None',
    options: {
      ...LOGMEL,
      frame: samples(2048),
      hop: samples(512),
      energy: 'power',
      scale: 'htk',
      bands: 128,
      low: 0,
      high: 0,
      floor: 1e-10,
    },
  },
  mfe: {
    about: "Edge Impulse's MFE before its noise floor: 20 ms every 10, 40 mels from 80 Hz, dB of the mean power",
    options: {
      ...LOGMEL,
      frame: ms(20),
      hop: ms(10),
      fft: 512,
      window: 'none',
      emphasis: 0.98,
      energy: 'power',
      scale: 'places',
      low: 80,
      high: 0,
      log: 'db',
      floor: 1e-12,
      mean: true,
    },
  },
  spectrogram: { about: 'the logarithm of the power at each frequency', options: SPECTRUM },
  fft: {
    about: 'the same of the whole example, its mean taken away: vibration, acceleration',
    options: { ...SPECTRUM, frame: ALL, hop: ALL, centred: true, mean: true },
  },
  stats: {
    about: 'mean, standard deviation, least, greatest, mean step of each channel',
    options: { ...SPECTRUM, kind: 'stats', frame: ALL, hop: ALL },
  },
};

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  window: ['hann', 'hamming', 'none'],
  energy: ['power', 'magnitude'],
  scale: ['tf', 'htk', 'slaney', 'places'],
  log: ['ln', 'db'],
  dct: ['ortho', 'tf'],
  noise: ['on', 'off'],
  pcan: ['on', 'off'],
};
const COUNTS = ['fft', 'bands', 'coefficients'];
const NUMBERS = ['emphasis', 'low', 'high', 'floor', 'even', 'odd', 'remain', 'strength', 'offset'];
const KEYS = ['frame', 'hop', ...COUNTS, ...NUMBERS, ...Object.keys(CHOICES)];
/** What only micro-speech has, and what it has not: its window, power, mels and logarithm are as they are. */
const OF_MICRO = ['noise', 'even', 'odd', 'remain', 'pcan', 'strength', 'offset'];
const NOT_OF_MICRO = ['window', 'emphasis', 'energy', 'scale', 'log', 'floor'];

/** @throws CompressError `bad-option` */
export function parseFeatures(text: string): FeatureOptions {
  const [name, rest] = [text.split(':')[0].trim(), text.split(':').slice(1).join(':')];
  if (!Object.hasOwn(FEATURE_NAMES, name))
    throw new CompressError(
      'bad-option',
      `--features ${name} is not known`,
      `give one of ${Object.keys(FEATURE_NAMES).join(', ')}`,
    );
  const { kind } = FEATURE_NAMES[name].options;
  const changed = rest.trim() === '' ? [] : rest.split(',').map((part) => parsePart(part, text));
  const other = changed.find(([key]) => (kind === 'micro' ? NOT_OF_MICRO : OF_MICRO).includes(key));
  if (other)
    throw new CompressError(
      'bad-option',
      `--features ${text}: ${name} has no ${other[0]}`,
      kind === 'micro'
        ? `leave it out, or give logmel:low=125,high=7500,${other[0]}=..`
        : `leave it out, or give micro-speech:${other[0]}=..`,
    );
  return { ...FEATURE_NAMES[name].options, ...Object.fromEntries(changed) };
}

function parsePart(part: string, text: string): [string, unknown] {
  const [key, value = ''] = part.split('=').map((s) => s.trim());
  const bad = (fix: string) => new CompressError('bad-option', `--features ${text}: "${part.trim()}" is not understood`, fix);
  if (!KEYS.includes(key)) throw bad(`did you mean "${nearestNames(key, KEYS, 1)[0]}"? It has ${KEYS.join(', ')}`);
  if (key in CHOICES) {
    if (!CHOICES[key].includes(value)) throw bad(`give ${key} as one of ${CHOICES[key].join(', ')}`);
    return [key, value];
  }
  if (key === 'frame' || key === 'hop') {
    const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(value) ?? [];
    if (value === 'all') return [key, ALL];
    if (digits === undefined || Number(digits) <= 0) throw bad(`give ${key} in samples, as 512, or as a time: 30ms, 1s, or all`);
    return [key, unit ? ms(Number(digits) * (unit === 's' ? 1000 : 1)) : samples(Number(digits))];
  }
  const number = Number(value);
  if (value === '' || !Number.isFinite(number) || number < 0) throw bad(`give ${key} as a number from 0`);
  if (COUNTS.includes(key) && !Number.isInteger(number)) throw bad(`give ${key} as a whole number`);
  return [key, number];
}

/** Shares of what a front end gives that another one may give: fewer frames, fewer numbers of each. */
const FEWER_FRAMES = [1, 1.5, 2];
const FEWER_NUMBERS = [1, 0.8, 0.6];

/** Front ends for the same signal that need less than one: a longer hop, fewer coefficients or bands; of a single frame other kinds. */
export function alternativesTo({ name, frames, rate }: FrontEnd): string[] {
  const { kind, hop, bands, coefficients } = parseFeatures(name);
  const [base, ...stated] = name.split(/[:,]/);
  const keyOf = (part: string) => part.split('=')[0].trim();
  const changed = (changes: readonly string[]) =>
    `${base}:${[...stated.filter((part) => !changes.some((c) => keyOf(c) === keyOf(part))), ...changes].join(',')}`;
  if (frames === 1) return ['stats', 'fft', ...(rate ? [`fft:high=${rate / 4}`] : [])].filter((other) => other !== name);
  const key = coefficients ? 'coefficients' : 'bands';
  const length = (times: number) => (hop.unit === 'ms' ? `${hop.value * times}ms` : `${Math.round(hop.value * times)}`);
  // Small numbers may be rounded to the same ones; the first of each is the given one.
  const hops = [...new Set((hop.unit === 'all' ? [1] : FEWER_FRAMES).map(length))];
  const counts = [
    ...new Set((kind === 'spectrum' ? [1] : FEWER_NUMBERS).map((share) => Math.round((coefficients || bands) * share))),
  ];
  return hops.flatMap((longer, h) =>
    counts.flatMap((count, n) => {
      const changes = [...(h ? [`hop=${longer}`] : []), ...(n ? [`${key}=${count}`] : [])];
      return changes.length ? [changed(changes)] : [];
    }),
  );
}
