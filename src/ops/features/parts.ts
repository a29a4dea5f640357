import type { WindowGeometry } from '../buffer_sizes.ts';

/**
 * How often each part of a CMSIS-NN kernel runs for a geometry: its calls, gathers, tiles, steps along the depth and
 * remainders. What one run of a part costs on a core is fitted (scripts/fit_cost_model.ts) on counted instructions.
 *
 * Source of the structure: CMSIS-NN 99f736a.
 */
export type Features = Readonly<Record<string, number>>;

export interface KernelFeatures {
  /** The branch of the kernel that runs, then those used instead where it was never counted; empty where there is only one. */
  readonly paths: readonly string[];
  readonly features: Features;
}

export type Weights = 's8' | 's4' | 's16';

export const up = (n: number, by: number) => Math.ceil(n / by);
export const down = (n: number, by: number) => Math.floor(n / by);

/** Each feature times `by`, named `prefix`. */
export function times(by: number, prefix: string, features: Features): Record<string, number> {
  const all: Record<string, number> = {};
  for (const name in features) all[prefix + name] = features[name] * by;
  return all;
}

export function sum(...all: Features[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const f of all) for (const name in f) total[name] = (total[name] ?? 0) + f[name];
  return total;
}

/** Places of the filter that fall inside the input, summed over outputs along one axis. */
function inside(size: number, filter: number, stride: number, before: number, dilation: number, out: number): number {
  let count = 0;
  for (let o = 0; o < out; o++) {
    const start = o * stride - before;
    const from = start < 0 ? Math.ceil(-start / dilation) : 0;
    const to = Math.min(filter, Math.ceil((size - start) / dilation));
    count += Math.max(0, to - from);
  }
  return count;
}

/** `pixels` of the output, filter places inside the input (`taps`), in the padding, and rows of places inside. */
export function tapsOf({ input, filter, output, stride, padding, dilation }: WindowGeometry) {
  const y = inside(input.h, filter.h, stride.h, padding.h, dilation.h, output.h);
  const x = inside(input.w, filter.w, stride.w, padding.w, dilation.w, output.w);
  const pixels = input.n * output.h * output.w;
  const taps = input.n * y * x;
  return { pixels, taps, outside: pixels * filter.h * filter.w - taps, rows: input.n * y * output.w };
}

/** `copies` calls of memcpy for `bytes` each, the way Arm's assembler takes them: blocks of 64, 16, 4 and 1. */
export function copied(copies: number, bytes: number): Features {
  return {
    block: copies * down(bytes, 64),
    mid: copies * down(bytes % 64, 16),
    word: copies * down(bytes % 16, 4),
    byte: copies * (bytes % 4),
    all: copies * bytes,
    crooked: bytes % 4 ? copies : 0,
    crookedAll: bytes % 4 ? copies * bytes : 0,
  };
}

/** A run along the depth: whole steps of 16, then of 4, then single ones. */
export const depthSteps = (k: number) => ({ '': 1, big: down(k, 16), step: down(k % 16, 4), rest: k % 4, some: +(k % 4 > 0) });
export const quadSteps = (k: number) => ({ '': 1, step: down(k, 4), rest: k % 4, some: +(k % 4 > 0) });
export const vectorSteps = (k: number) => ({ '': 1, step: up(k, 16) });
