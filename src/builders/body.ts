import * as v from 'valibot';
import { option } from '../options/index.ts';
import type { Builder, Value } from '../run/build.ts';

/** What may be chosen of every builder. */
export const builderFields = {
  width: option(v.pipe(v.number(), v.gtValue(0), v.maxValue(16)), 1, 'channels or units as a multiple of the usual ones'),
  depth: option(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(32)), 0, 'layers or blocks; 0 = the usual number'),
  dropout: option(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0, 'share of the features that is left out while training'),
};

const builderOptions = v.object(builderFields);
export type BuilderOptions = v.InferOutput<typeof builderOptions>;

/** A kind of small network. */
export interface BuilderKind {
  /** For help, in a few words. */
  readonly about: string;
  /** Numbers of dimensions that an example may have: 1 features, 2 time and channels (or an image of one channel), 3 height, width, channels. */
  readonly dimensions: readonly number[];
  /** The shape it reads an example of `shape` as. */
  readonly reads: (shape: readonly number[]) => readonly number[];
  /** Features [1, n] of one input. */
  readonly features: (net: Builder, x: Value, options: BuilderOptions) => Value;
}

/** So many channels, by the width: a multiple of 4, as kernels like it, where there are more than 4. */
export function channelsOf(usual: number, { width }: BuilderOptions): number {
  const wanted = Math.max(1, Math.round(usual * width));
  return wanted < 8 ? wanted : 4 * Math.round(wanted / 4);
}

/** Layers or blocks. */
export const depthOf = (usual: number, { depth }: BuilderOptions): number => (depth > 0 ? depth : usual);

/** An example as a picture: one without channels has one. */
export const asPicture = (shape: readonly number[]): readonly number[] => (shape.length === 2 ? [...shape, 1] : shape);

/** An example as a signal [time, 1, channels]. */
export const asSignal = ([time, channels = 1]: readonly number[]): readonly number[] => [time, 1, channels];
