/** What a front end in C takes and executes: memory and tables are the generator's own; instructions and code are models of what was counted. */
import type { AttachedFrontEnd } from '../data/index.ts';
import { type FrontEnd, planFrontEnd, rowOfStep } from '../features/index.ts';
import type { CoreName } from '../targets/index.ts';
import { FRONT_ENDS } from './front_end_data.ts';
import { countedCore } from './instructions.ts';

/** By the part of the code. */
export type Parts = Readonly<Record<string, number>>;

/** A core's fit. */
export interface FittedFrontEnds {
  /** Instructions of one run of each part. */
  readonly instructions: Parts;
  /** Bytes of the code of each step. */
  readonly code: Parts;
  /** Relative errors of front ends that were left out, one at a time: median and 90th percentile. */
  readonly heldOut: Readonly<Record<'instructions' | 'code', readonly [median: number, p90: number]>>;
  readonly count: number;
}

/** Bytes of the tables that a front end reads. */
const WIDTH = { i16: 2, u16: 2, i32: 4 } as const;
/** A factor of 4 and an offset of 8 bytes for each feature that has its own normalization. */
const SCALE_BYTES = 12;
/** How full a stream's frame is, and how many frames it has seen. */
const COUNTER_BYTES = 8;

const isScaled = ({ normalization: { mean, std } }: AttachedFrontEnd): boolean => mean.length > 1 || std.length > 1;

/** How often each part of the code runs for one example. */
export function partsOf(attached: AttachedFrontEnd): Record<string, number> {
  const { frontEnd } = attached;
  const { frames, channels, width } = frontEnd;
  const parts: Record<string, number> = { example: 1 / (frames * channels), frame: 1, [isScaled(attached) ? 'scaled' : 'stored']: width };
  for (const planned of planFrontEnd(frontEnd).steps) {
    const { op } = planned.step;
    for (const [name, n] of Object.entries(rowOfStep(op).work(planned.step, planned, frontEnd))) parts[`${op}.${name}`] = n;
  }
  for (const name of Object.keys(parts)) parts[name] *= frames * channels;
  return parts;
}

/** The steps whose code there is: other code where a step has other branches. */
export function codeOf(attached: AttachedFrontEnd): Record<string, number> {
  const names = attached.frontEnd.steps.map((step) => {
    if (step.op === 'bands') return `bands.${step.scale === 'linear' ? 'linear' : 'triangles'}.${step.energy}`;
    if (step.op === 'frame') return step.centred ? 'frame.centred' : 'frame';
    return step.op;
  });
  return Object.fromEntries(['all', isScaled(attached) ? 'scaled' : 'stored', ...names].map((name) => [name, 1]));
}

const sumOf = (parts: Parts, of: Parts): number => Object.entries(parts).reduce((n, [name, times]) => n + times * (of[name] ?? 0), 0);

export interface FrontEndCost {
  readonly tables: number;
  readonly code: number;
  /** Beside the network's input, which a stream's frames are: its work, and the samples of a frame. */
  readonly ramBytes: number;
  /** For all frames of one example. */
  readonly instructions: number;
  readonly heldOut: FittedFrontEnds['heldOut'];
  readonly count: number;
}

export function frontEndCost(attached: AttachedFrontEnd, core: CoreName): FrontEndCost {
  const { frontEnd } = attached;
  const { steps } = planFrontEnd(frontEnd);
  const fitted = FRONT_ENDS[countedCore(core)];
  const tables = steps.flatMap((s) => Object.values(s.tables)).reduce((n, t) => n + WIDTH[t.type] * t.values.length, 0);
  const scales = isScaled(attached) ? SCALE_BYTES * scaledFeatures(attached) : 0;
  return {
    tables: tables + scales,
    code: Math.round(sumOf(codeOf(attached), fitted.code)),
    ramBytes: steps.reduce((n, s) => n + s.bytes, 0) + 2 * frontEnd.frame * frontEnd.channels + COUNTER_BYTES,
    instructions: Math.round(sumOf(partsOf(attached), fitted.instructions)),
    heldOut: fitted.heldOut,
    count: fitted.count,
  };
}

const scaledFeatures = ({ normalization: { mean, std } }: AttachedFrontEnd): number => Math.max(mean.length, std.length);

/** `mfcc, 49 frames`: for people. */
export const describeFrontEnd = ({ name, frames }: FrontEnd): string => `${name}, ${frames} frame${frames > 1 ? 's' : ''}`;
