/** Another rate of samples: a low pass of windowed sines, evaluated where the new samples lie. */
import { cosTurns, sinTurns } from '../elementary.ts';

/** Zero crossings of the sine on each side; the Blackman-Harris window leaves -92 dB beside it. */
const CROSSINGS = 32;
/** Of the lower of both rates: the rest is where the filter falls. */
const PASSED = 0.94;

/**
 * [samples, width] at `from` Hz -> the same time at `to` Hz, ceil(samples * to / from) samples; beyond the ends there is silence.
 * Sums are in float64 and in one order, so that every host gives the same bytes.
 */
export function resample(x: Float32Array, width: number, from: number, to: number): Float32Array {
  const count = x.length / width;
  const ratio = reduced(from, to);
  const cutoff = PASSED * Math.min(1, to / from);
  const reach = CROSSINGS / cutoff;
  const length = ratio ? Math.ceil((count * ratio.up) / ratio.down) : Math.ceil((count * to) / from);
  const out = new Float32Array(length * width);
  const phases = new Map<number, Float64Array>();
  for (let i = 0; i < length; i++) {
    // the place of the sample in the old one: whole + part
    const whole = ratio ? Math.floor((i * ratio.down) / ratio.up) : Math.floor((i * from) / to);
    const phase = ratio ? (i * ratio.down) % ratio.up : (i * from) / to - whole;
    let taps = phases.get(phase);
    if (!taps) {
      taps = tapsAt(ratio ? phase / ratio.up : phase, cutoff, reach);
      if (ratio) phases.set(phase, taps);
    }
    const first = whole - Math.floor(reach);
    for (let c = 0; c < width; c++) {
      let sum = 0;
      for (let k = Math.max(0, -first), end = Math.min(taps.length, count - first); k < end; k++)
        sum += taps[k] * x[(first + k) * width + c];
      out[i * width + c] = sum;
    }
  }
  return out;
}

/** Weights of the samples from `whole - floor(reach)` on, for a place `part` behind `whole`; their sum is 1. */
function tapsAt(part: number, cutoff: number, reach: number): Float64Array {
  const before = Math.floor(reach);
  const taps = new Float64Array(2 * before + 2);
  let sum = 0;
  for (let k = 0; k < taps.length; k++) {
    const t = k - before - part;
    taps[k] = Math.abs(t) >= reach ? 0 : sinc(cutoff * t) * blackmanHarris(t / reach);
    sum += taps[k];
  }
  for (let k = 0; k < taps.length; k++) taps[k] /= sum;
  return taps;
}

const sinc = (t: number): number => (t === 0 ? 1 : sinTurns(t / 2) / (Math.PI * t));

/** 4 terms, -92 dB (Harris, 1978), t in -1..1. */
const blackmanHarris = (t: number): number =>
  0.35875 + 0.48829 * cosTurns(t / 2) + 0.14128 * cosTurns(t) + 0.01168 * cosTurns(1.5 * t);

/** to / from as whole numbers; null where they are too large for a table. */
function reduced(from: number, to: number): { readonly up: number; readonly down: number } | null {
  if (!Number.isInteger(from) || !Number.isInteger(to)) return null;
  let [a, b] = [from, to];
  while (b) [a, b] = [b, a % b];
  return to / a <= 4096 ? { up: to / a, down: from / a } : null;
}
