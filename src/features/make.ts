/** Front ends for a signal, by what `--features` states. */
import { floorLog2 } from '../elementary.ts';
import { CompressError } from '../errors.ts';
import type { FrontEnd, FrontEndStep } from './front_end.ts';
import { type FeatureOptions, parseFeatures, type Span } from './options.ts';
import { gainsFit } from './pcan.ts';
import { planFrontEnd } from './plan.ts';

export interface Signal {
  readonly samples: number;
  readonly channels: number;
  readonly rate: number | null;
  /** A sample is an integer times 2^step. */
  readonly step: number;
}

const LARGEST_FFT = 8192;

/**
 * A front end for a signal.
 *
 * @param text as parseFeatures takes it
 * @throws CompressError `bad-option` for what does not fit the signal
 */
export function makeFrontEnd(text: string, signal: Signal): FrontEnd {
  const options = parseFeatures(text);
  const { samples: count, channels, rate, step } = signal;
  const bad = (what: string, fix: string) => new CompressError('bad-option', `--features ${text}: ${what}`, fix);
  const spanOf = ({ value, unit }: Span): number => {
    if (unit === 'all') return count;
    if (unit === 'samples') return value;
    if (rate === null) throw bad('a frame in ms needs the rate of the samples', 'add --rate');
    return Math.round((value * rate) / 1000);
  };
  const [frame, hop] = [spanOf(options.frame), spanOf(options.hop)];
  if (!Number.isInteger(frame) || !Number.isInteger(hop) || frame < 2 || hop < 1)
    throw bad(`a frame of ${frame} samples every ${hop}`, 'give whole numbers, as frame=512,hop=256');
  if (frame > count)
    throw bad(`a frame of ${frame} samples is longer than an example of ${count}`, 'give a longer --window, or a shorter frame');
  if (frame > 65535) throw bad(`a frame has ${frame} samples`, 'give at most 65535');
  const frames = 1 + Math.floor((count - frame) / hop);
  const base = { name: text, rate, samples: count, channels, step, frame, hop, frames };
  if (options.kind === 'stats') return finished({ ...base, steps: [{ op: 'stats' }] }, step);
  const fft = options.fft || 2 ** (floorLog2(Math.max(8, frame) - 1) + 1);
  if (fft < frame || fft > LARGEST_FFT || (fft & (fft - 1)) !== 0)
    throw bad(
      `a transform of ${fft} for frames of ${frame} samples`,
      `give fft as a power of two from ${frame} to ${LARGEST_FFT}`,
    );
  if (options.kind === 'micro') return finished({ ...base, steps: microSteps(options, fft, rate, bad) }, -6);
  const steps: FrontEndStep[] = [
    { op: 'frame', window: options.window, fft, emphasis: options.emphasis, centred: options.centred },
    { op: 'rfft', fft },
    bandsFor(options, fft, rate, bad),
    { op: 'log', unit: options.log, floor: options.floor, gain: options.mean ? 1 / fft : 1 },
  ];
  if (!(options.floor > 0)) throw bad('the logarithm has no floor', 'give floor above 0, as 1e-6');
  steps.push(...cosinesFor(options, bad));
  // ln of what floats hold is within +-32, decibels and sums of 40 of them within +-128 and +-256
  return finished({ ...base, steps }, options.coefficients ? -7 : options.log === 'db' ? -8 : -10);
}

function finished(front: Omit<FrontEnd, 'width' | 'exponent'>, exponent: number): FrontEnd {
  const draft = { ...front, width: 0, exponent };
  return { ...draft, width: planFrontEnd(draft).steps.at(-1)!.out.count };
}

type Bad = (what: string, fix: string) => CompressError;

function cosinesFor({ kind, bands, coefficients, dct }: FeatureOptions, bad: Bad): FrontEndStep[] {
  if (!coefficients) return [];
  if (kind === 'spectrum' || coefficients > bands)
    throw bad(`${coefficients} coefficients of ${bands} bands`, 'give at most as many as there are mels');
  return [{ op: 'dct', coefficients, first: dct }];
}

/** Noise is estimated for the gain even where it is not taken away: all of the signal stays. */
function microSteps(options: FeatureOptions, fft: number, rate: number | null, bad: Bad): FrontEndStep[] {
  const { bands, low, high } = melsFor(options, rate, bad);
  const { noise, pcan, even, odd, remain, strength, offset } = options;
  for (const [name, v] of Object.entries({ even, odd, remain }))
    if (v > 1) throw bad(`${name} is a share of ${v}`, `give ${name} from 0 to 1`);
  if (pcan === 'on' && !gainsFit(fft, strength, offset))
    throw bad(
      `a gain of (noise + ${offset})^-${strength} is more than its 16 bits hold`,
      'give a larger strength or offset, as strength=0.95,offset=80',
    );
  return [
    { op: 'raised', fft },
    { op: 'rfft16', fft },
    { op: 'filterbank', fft, bands, low, high },
    ...(noise === 'on' || pcan === 'on' ? [{ op: 'noise', fft, even, odd, remain: noise === 'on' ? remain : 1 } as const] : []),
    ...(pcan === 'on' ? [{ op: 'pcan', fft, strength, offset } as const] : []),
    { op: 'log16', fft, gain: pcan === 'on' ? fft : 1 },
    ...cosinesFor(options, bad),
  ];
}

function melsFor({ bands, low, high }: FeatureOptions, rate: number | null, bad: Bad) {
  if (rate === null) throw bad('mels need the rate of the samples', 'add --rate');
  const top = high || rate / 2;
  if (bands < 1 || bands > 512) throw bad(`${bands} bands`, 'give 1 to 512');
  if (!(low < top) || top > rate / 2)
    throw bad(`mels from ${low} to ${top} Hz at ${rate} samples a second`, `give low below high, and high at most ${rate / 2}`);
  return { bands, low, high: top };
}

function bandsFor(options: FeatureOptions, fft: number, rate: number | null, bad: Bad): FrontEndStep {
  const { kind, energy, scale, low, high } = options;
  const places = fft / 2 + 1;
  if (kind === 'spectrum') {
    const hertz = rate === null ? 1 : rate / fft;
    const from = low ? Math.ceil(low / hertz) : 0;
    const to = high ? Math.min(places, Math.floor(high / hertz) + 1) : places;
    if (from >= to) throw bad(`there is nothing between ${low} and ${high} Hz`, 'give low and high within half the rate');
    return { op: 'bands', fft, energy, scale: 'linear', bands: to - from, low: from, high: to };
  }
  return { op: 'bands', fft, energy, scale, ...melsFor(options, rate, bad) };
}

/** All that a front end is made of again: what a model's file and a recipe keep of it. */
export interface FrontEndFacts extends Signal {
  readonly features: string;
}

export const factsOf = ({ name, samples: count, channels, rate, step }: FrontEnd): FrontEndFacts => ({
  features: name,
  samples: count,
  channels,
  rate,
  step,
});

/** @throws CompressError `bad-option` where a field is none that a front end has */
export function frontEndOf(facts: FrontEndFacts): FrontEnd {
  const { features, samples: count, channels, rate, step } = facts;
  const whole = (v: unknown, least: number, most: number) =>
    Number.isInteger(v) && (v as number) >= least && (v as number) <= most;
  const isGood =
    typeof features === 'string' &&
    whole(count, 1, 2 ** 24) &&
    whole(channels, 1, 1024) &&
    whole(step, -64, 64) &&
    (rate === null || (typeof rate === 'number' && rate > 0 && Number.isFinite(rate)));
  if (isGood) return makeFrontEnd(features, { samples: count, channels, rate, step });
  throw new CompressError(
    'bad-option',
    `a front end of ${JSON.stringify(facts)} cannot be`,
    'give { features, samples, channels, rate, step }',
  );
}
