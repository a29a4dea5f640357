/** One row for each step of a front end: its definition in float64, its tables, its kernel, its C. */
import type { Heap, Step } from '../wasm/heap.ts';
import { bands } from './bands.ts';
import { dct } from './dct.ts';
import { filterbank } from './filterbank.ts';
import { frame } from './frame.ts';
import type { FrontEnd, FrontEndStep } from './front_end.ts';
import { log } from './log.ts';
import { log16 } from './log16.ts';
import { noise } from './noise.ts';
import { pcan } from './pcan.ts';
import { raised } from './raised.ts';
import { rfft } from './rfft.ts';
import { rfft16 } from './rfft16.ts';
import { stats } from './stats.ts';

type Op = FrontEndStep['op'];
type StepOf<O extends Op> = FrontEndStep & { readonly op: O };

/** Numbers between two steps: real = integer * 2^exponent. */
export interface Flow {
  readonly count: number;
  readonly exponent: number;
}

/** A constant table. */
export interface FeatureTable {
  readonly type: 'i16' | 'u16' | 'i32';
  readonly values: readonly number[];
}

/** A number that a kernel is called with, a table by its name, or what a channel's frames before have left. */
export type FeatureArgument = number | bigint | { readonly table: string } | 'state';

/** What is decided of a step for its place: numbers and tables of the kernel, and what flows out. */
export interface Planned {
  /** Behind the addresses of output and input. */
  readonly arguments: readonly FeatureArgument[];
  readonly tables: Readonly<Record<string, FeatureTable>>;
  readonly out: Flow;
  /** Bytes of the output; 0 where it takes the place of the input. */
  readonly bytes: number;
  /** Bytes that it keeps of a channel from frame to frame, u32, 0 before the first. */
  readonly stateBytes?: number;
}

export interface FeatureRow<O extends Op> {
  /** In float64, of the real values of one frame. @param state of the channel, 0 before its first frame */
  define(x: Float64Array, step: StepOf<O>, front: FrontEnd, state: Float64Array): Float64Array;
  plan(flow: Flow, step: StepOf<O>, front: FrontEnd): Planned;
  /** How often each part of its code runs for one frame of one channel, by a name for each: what the model of its instructions is fitted on. */
  work(step: StepOf<O>, planned: Planned, front: FrontEnd): Readonly<Record<string, number>>;
  /** @param given addresses of tables by name, and numbers */
  kernel(heap: Heap, y: number, x: number, given: readonly (number | bigint)[]): Step;
  /** A static function of C: its name, its parameters, its body. */
  readonly c: FeatureC;
}

export interface FeatureC {
  readonly name: string;
  /** Names of functions that come before it. */
  readonly needs: readonly string[];
  /** Types of output, input and tables, as `int32_t *y`. */
  readonly parameters: readonly string[];
  readonly body: string;
}

export const FEATURE_ROWS: { readonly [O in Op]: FeatureRow<O> } = {
  frame,
  rfft,
  bands,
  log,
  dct,
  raised,
  rfft16,
  filterbank,
  noise,
  pcan,
  log16,
  stats,
};

export const rowOfStep = (op: Op): FeatureRow<Op> => FEATURE_ROWS[op] as unknown as FeatureRow<Op>;
