/** Bands of a spectrum. */
import { exp, log } from '../elementary.ts';
import type { FrontEndStep, Scale } from './front_end.ts';

type Bands = FrontEndStep & { readonly op: 'bands' };

/** 1127 ln(1 + f / 700). Source: HTK Book 3.4, section 5.4. */
const htk = { mel: (hz: number) => 1127 * log(1 + hz / 700), hz: (mel: number) => 700 * (exp(mel / 1127) - 1) };

/** Straight to 1000 Hz, logarithmic above. Source: Slaney, "Auditory Toolbox", 1998, as librosa 0.11 has it. */
const STEP = 200 / 3;
const LOG_STEP = log(6.4) / 27;
const slaney = {
  mel: (hz: number) => (hz < 1000 ? hz / STEP : 15 + log(hz / 1000) / LOG_STEP),
  hz: (mel: number) => (mel < 15 ? mel * STEP : 1000 * exp(LOG_STEP * (mel - 15))),
};

const melsOf = (scale: Scale) => (scale === 'slaney' ? slaney : htk);

/**
 * Weights of the places of a transform in each band, [bands][fft / 2 + 1]. In `linear` each place between low and high is a band.
 *
 * @param rate samples a second
 */
export function bandWeights({ scale, bands, low, high, fft }: Bands, rate: number): Float64Array[] {
  const places = fft / 2 + 1;
  const { mel, hz } = melsOf(scale);
  const [from, to] = [mel(low), mel(high)];
  const corners = Array.from({ length: bands + 2 }, (_, i) => from + ((to - from) * i) / (bands + 1));
  // where a place and the corners lie on the axis along which triangles are straight
  const place = (k: number) => (scale === 'tf' ? mel((k * rate) / fft) : scale === 'places' ? k : (k * rate) / fft);
  const corner = (c: number) => (scale === 'tf' ? c : scale === 'places' ? Math.floor(((fft + 1) * hz(c)) / rate) : hz(c));
  return Array.from({ length: bands }, (_, b) => {
    const [left, middle, right] = [corner(corners[b]), corner(corners[b + 1]), corner(corners[b + 2])];
    if (right === left) return new Float64Array(places);
    const height = scale === 'slaney' ? 2 / (right - left) : 1;
    return Float64Array.from({ length: places }, (_, k) => {
      if (scale === 'tf' && k === 0) return 0;
      const at = place(k);
      const rises = middle > left ? (at - left) / (middle - left) : at >= middle ? 1 : 0;
      const falls = right > middle ? (right - at) / (right - middle) : at <= middle ? 1 : 0;
      return Math.max(0, Math.min(rises, falls)) * height;
    });
  });
}
