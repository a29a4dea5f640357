/** What a front end in C takes and executes: memory and tables are the generator's own; instructions and code are models of what was counted. */
import type { AttachedFrontEnd } from '../data/index.ts';
import { planFrontEnd, rowOfStep } from '../features/index.ts';
import type { Target } from '../targets/index.ts';
import type { CycleModel } from './cycles.ts';
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
  const parts: Record<string, number> = {
    example: 1 / (frames * channels),
    frame: 1,
    [isScaled(attached) ? 'scaled' : 'stored']: width,
  };
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

const sumOf = (parts: Parts, of: Parts): number =>
  Object.entries(parts).reduce((n, [name, times]) => n + times * (of[name] ?? 0), 0);

/** Of one example, all of its frames. Bytes, ms. */
export interface FrontEndProfile {
  /** As `--features` takes it. */
  readonly features: string;
  readonly frames: number;
  /** Tables and code. */
  readonly flashBytes: number;
  /** Beside the network's input, which a stream's frames are: its work, and the samples of a frame. */
  readonly ramBytes: number;
  readonly instructions: number;
  readonly cycles: number;
  readonly latencyMs: number;
  /** Relative errors on front ends that the fit has not seen: median and 90th percentile. */
  readonly heldOut: FittedFrontEnds['heldOut'];
}

type Cost = Pick<FrontEndProfile, 'flashBytes' | 'ramBytes' | 'instructions' | 'heldOut'> & { readonly tables: number };

function costOf(attached: AttachedFrontEnd, core: string): Cost {
  const { frontEnd, normalization } = attached;
  const { steps, stateBytes } = planFrontEnd(frontEnd);
  const { code, instructions, heldOut } = FRONT_ENDS[core];
  const scales = isScaled(attached) ? SCALE_BYTES * Math.max(normalization.mean.length, normalization.std.length) : 0;
  const tables = steps.flatMap((s) => Object.values(s.tables)).reduce((n, t) => n + WIDTH[t.type] * t.values.length, scales);
  return {
    tables,
    flashBytes: tables + Math.round(sumOf(codeOf(attached), code)),
    ramBytes:
      steps.reduce((n, s) => n + s.bytes, 0) +
      // of an example and of a stream
      frontEnd.channels * (2 * stateBytes + 2 * frontEnd.frame) +
      COUNTER_BYTES,
    instructions: Math.round(sumOf(partsOf(attached), instructions)),
    heldOut,
  };
}

/** A search asks for one front end with every candidate. */
const known = new Map<string, Cost>();

function costAt(attached: AttachedFrontEnd, core: string): Cost {
  const key = JSON.stringify([core, attached.facts, attached.normalization]);
  const cost = known.get(key) ?? costOf(attached, core);
  known.set(key, cost);
  return cost;
}

export function profileFrontEnd(attached: AttachedFrontEnd, model: CycleModel, chip: Target, clockMhz: number): FrontEndProfile {
  const { frames, channels } = attached.frontEnd;
  const { tables, ...cost } = costAt(attached, countedCore(chip.core));
  const work = { cost: { kernel: null }, instructions: cost.instructions, fetched: tables * frames * channels };
  const cycles = Math.round(model.cyclesOf(work, chip, clockMhz));
  return { features: attached.facts.features, frames, ...cost, cycles, latencyMs: cycles / (1000 * clockMhz) };
}
