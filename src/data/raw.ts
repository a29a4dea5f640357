import { CompressError } from '../errors.ts';
import { type DataInput, joinExamples, type Part, type PartName, type Samples } from './dataset.ts';
import type { NpyArray } from './npy.ts';

/** What a reader hands over: one part as the source holds it, channels not yet moved. */
export interface RawPart extends Part {
  /** What `inputs` hold. */
  readonly info: readonly DataInput[];
  /** How messages call it. */
  readonly where: string;
  readonly files: readonly string[];
}

/** `all` is a source that does not separate train from test. */
export type RawParts = { readonly [name in PartName | 'all']?: RawPart } & { readonly classNames?: readonly string[] };

/** Raw parts of one shape one after another. */
export const joinParts = (parts: readonly RawPart[], where: string): RawPart => ({
  ...joinExamples(parts),
  info: parts[0].info,
  where,
  files: parts.flatMap((p) => p.files),
});

export interface WantedInput {
  readonly name: string;
  readonly shape: readonly number[] | null;
}

/** What a reader may know of the model that data is read for, and where it leaves notes. */
export interface Reading {
  /** Names and shapes [batch, ...] of the model's inputs; no shape where they are only named; null where no model is known. */
  readonly inputs: readonly WantedInput[] | null;
  /** Names of its outputs: arrays of these names are labels where there are no others. */
  readonly outputs: readonly string[];
  /** The array that holds the labels, where it is stated. */
  readonly labels: string | null;
  /** 1 or 3, what pictures are brought to; null: as they are. */
  readonly channels: number | null;
  /** Lines to be shown are added here. */
  readonly notes: string[];
}

/** Names in a line, the first few of many. */
export function listed(names: readonly string[], most = 6): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/**
 * Numbers as they are kept: 8 and 16 bits as stored, all else as float32.
 *
 * @throws CompressError `bad-data` for a number that float32 cannot hold
 */
export function toSamples({ data }: NpyArray, where: string): Samples {
  if (data instanceof Float32Array || data instanceof Uint8Array || data instanceof Int8Array || data instanceof Int16Array)
    return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data as BigInt64Array, Number);
  const samples = Float32Array.from(data);
  const beyond = samples.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(data[i]));
  if (beyond < 0) return samples;
  throw new CompressError(
    'bad-data',
    `${where} holds ${data[beyond]} at element ${beyond}, more than float32 can hold`,
    'scale the examples down before saving them',
  );
}
