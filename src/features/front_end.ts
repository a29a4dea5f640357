/** What a front end is: plain data, all of it resolved, the same for the engine, the definition and generated C. */

/** What a front end computes of one frame of one channel, in this order. */
export type FrontEndStep =
  /** Samples as a frame of `fft` numbers. `emphasis`: v[n] - emphasis * v[n - 1]. `centred`: the mean is taken away. */
  | {
      readonly op: 'frame';
      readonly window: WindowName;
      readonly fft: number;
      readonly emphasis: number;
      readonly centred: boolean;
    }
  /** The spectrum of a frame: places 0 .. fft / 2. */
  | { readonly op: 'rfft'; readonly fft: number }
  /** Power or magnitude in bands: triangles from `low` to `high` hertz, or in `linear` places from `low` on and before `high`. */
  | {
      readonly op: 'bands';
      readonly fft: number;
      readonly energy: 'power' | 'magnitude';
      readonly scale: Scale;
      readonly bands: number;
      readonly low: number;
      readonly high: number;
    }
  /** unit * log2(gain * x + floor), unit by name. */
  | { readonly op: 'log'; readonly unit: LogUnit; readonly floor: number; readonly gain: number }
  /** The first coefficients of a cosine transform; `ortho` scales the first by sqrt(1/n), `tf` like the others by sqrt(2/n). */
  | { readonly op: 'dct'; readonly coefficients: number; readonly first: 'ortho' | 'tf' }
  /** Micro_speech's frame: a window of 12 bits, raised so that 16 bits are full; bins of the transform in the order that it begins with. */
  | { readonly op: 'raised'; readonly fft: number }
  /** The spectrum of a frame divided by `fft`, in 16 bits. */
  | { readonly op: 'rfft16'; readonly fft: number }
  /** Micro_speech's filter bank: the root of the power in triangles over mels. Real values are in steps of the samples. */
  | { readonly op: 'filterbank'; readonly fft: number; readonly bands: number; readonly low: number; readonly high: number }
  /** An estimate of each band's noise over the frames is taken away; at least a share stays. Even and odd bands follow at paces of their own. */
  | { readonly op: 'noise'; readonly fft: number; readonly even: number; readonly odd: number; readonly remain: number }
  /** Per-channel automatic gain: x * (noise + offset)^-strength, low values squeezed. */
  | { readonly op: 'pcan'; readonly fft: number; readonly strength: number; readonly offset: number }
  /** max(0, ln(gain * x)), in steps of 1/64. */
  | { readonly op: 'log16'; readonly fft: number; readonly gain: number }
  /** Mean, standard deviation, least, greatest, mean step between samples. */
  | { readonly op: 'stats' };

export type WindowName = 'hann' | 'hamming' | 'none';
export type LogUnit = 'ln' | 'db';

/** How bands lie: each place for itself, or triangles over mels. */
export type Scale =
  | 'linear'
  /** HTK's mels, straight in hertz, each with the height 1 (librosa's htk=True, norm=None). */
  | 'htk'
  /** HTK's mels, straight in mels, no constant part (TensorFlow's linear_to_mel_weight_matrix). */
  | 'tf'
  /** Slaney's mels, straight in hertz, each with the area 1 (librosa's default). */
  | 'slaney'
  /** HTK's mels, corners at whole places of the transform (speechpy, Edge Impulse). */
  | 'places';

export interface FrontEnd {
  /** What it was asked for as. */
  readonly name: string;
  /** Samples a second; null where nothing depends on it. */
  readonly rate: number | null;
  /** Of one example. */
  readonly samples: number;
  readonly channels: number;
  /** A sample is an integer of 16 bits: real = integer * 2^step. */
  readonly step: number;
  /** Samples of a frame, and from the begin of one to the next. */
  readonly frame: number;
  readonly hop: number;
  readonly frames: number;
  readonly steps: readonly FrontEndStep[];
  /** Numbers of one frame of one channel. */
  readonly width: number;
  /** Features are integers of 16 bits: real = integer * 2^exponent. */
  readonly exponent: number;
}

/** Of one example: [frames, channels * width], or [channels * width] of a single frame. */
export const shapeOf = ({ frames, channels, width }: FrontEnd): number[] =>
  frames > 1 ? [frames, channels * width] : [channels * width];
