import { CompressError } from '../errors.ts';
import {
  type DataInput,
  joinExamples,
  PARTS,
  type Part,
  type PartName,
  type Samples,
  type StatedReading,
  takeExamples,
} from './dataset.ts';
import type { NpyArray } from './npy.ts';

/** What a reader hands over: one part as the source holds it, channels not yet moved. */
export interface RawPart extends Part {
  /** What `inputs` hold. */
  readonly info: readonly DataInput[];
  /** How messages call it. */
  readonly where: string;
  readonly files: readonly string[];
  /** Names of the numbers along the last axis, where a table has a header. */
  readonly columns?: readonly string[];
  /** Labels that are words, one for each example, in place of `y`. */
  readonly words?: readonly string[];
  /** The name of each example's group. */
  readonly groupNames?: readonly string[];
  /** Of samples in time: how many a second, where that is known, and whether they are sound of -1..1. */
  readonly signal?: { readonly rate: number | null; readonly isSound: boolean };
  /** Where an example comes from: its file, and the row in it. */
  readonly origin?: (example: number) => string;
}

/** `all` is a source that does not separate train from test. */
export type RawParts = { readonly [name in PartName | 'all']?: RawPart } & { readonly classNames?: readonly string[] };

interface Columned {
  readonly where: string;
  readonly columns?: readonly string[];
}

/**
 * All with the columns of the first: those that have the same ones in another order are sorted. Other names are noted.
 *
 * @param change what has its numbers [.., columns] sorted
 */
export function inOneOrder<T extends Columned>(
  all: readonly T[],
  change: (given: T, sorted: (x: Samples) => Samples) => Partial<T>,
  notes: string[],
): T[] {
  const [first] = all;
  const wanted = first.columns ?? [];
  const said = { sorted: [] as string[], renamed: [] as T[] };
  const result = all.map((given) => {
    const names = given.columns ?? [];
    if (names.length !== wanted.length || names.join() === wanted.join()) return given;
    const order = wanted.map((name) => names.indexOf(name));
    if (order.includes(-1) || new Set(order).size < order.length) {
      said.renamed.push(given);
      return given;
    }
    said.sorted.push(given.where);
    const sorted = (x: Samples) => x.map((_, i) => x[i - (i % order.length) + order[i % order.length]]);
    return { ...given, columns: wanted, ...change(given, sorted) };
  });
  if (said.sorted.length)
    notes.push(`columns in another order than in ${first.where} are taken by their names: ${listed(said.sorted)}`);
  const [renamed, ...more] = said.renamed;
  if (renamed)
    notes.push(
      `${renamed.where}${more.length ? ` and ${more.length} more` : ''} has the columns ${listed(renamed.columns!)}, but ${first.where} ${listed(wanted)}`,
    );
  return result;
}

const sortedParts = (parts: readonly RawPart[], notes: string[]): RawPart[] =>
  inOneOrder(parts, ({ inputs }, sorted) => ({ inputs: inputs.map(sorted) }), notes);

/** The same parts with the columns of the first in each. */
export function partsInOneOrder(parts: RawParts, notes: string[]): RawParts {
  const names = [...PARTS, 'all' as const].filter((name) => parts[name]);
  const sorted = sortedParts(
    names.map((name) => parts[name]!),
    notes,
  );
  return { ...parts, ...Object.fromEntries(names.map((name, i) => [name, sorted[i]])) };
}

/** Tables one after another, with the columns of the first. */
export const joinTables = (parts: readonly RawPart[], where: string, notes: string[]): RawPart =>
  joinParts(sortedParts(parts, notes), where);

/** Raw parts of one shape one after another. */
export const joinParts = (parts: readonly RawPart[], where: string): RawPart => ({
  ...joinExamples(parts),
  ...(parts[0].columns && { columns: parts[0].columns }),
  ...(parts.every((p) => p.words) && { words: parts.flatMap((p) => p.words!) }),
  ...(parts.every((p) => p.groupNames) && { groupNames: parts.flatMap((p) => p.groupNames!) }),
  ...(parts.every((p) => p.origin) && { origin: originAmong(parts) }),
  info: parts[0].info,
  where,
  files: parts.flatMap((p) => p.files),
});

const originAmong = (parts: readonly RawPart[]) => (example: number) => {
  let at = example;
  for (const part of parts) {
    if (at < part.count) return part.origin!(at);
    at -= part.count;
  }
  throw new Error(`there is no example ${example}`);
};

/** The examples at `places`, with all that is known of each. */
export function takeRaw(part: RawPart, places: ArrayLike<number>): RawPart {
  const { words, groupNames, origin } = part;
  const of = <T>(list: readonly T[]): T[] => Array.from(places, (i) => list[i]);
  return {
    ...part,
    ...takeExamples(part, places),
    ...(words && { words: of(words) }),
    ...(groupNames && { groupNames: of(groupNames) }),
    ...(origin && { origin: (i: number) => origin(places[i]) }),
  };
}

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
  /** The array or column that holds the labels, where it is stated. */
  readonly labels: string | null;
  /** What else is stated of the source. */
  readonly stated: StatedReading;
  /** 1 or 3, what pictures are brought to; null: as they are. */
  readonly channels: number | null;
  /** Lines to be shown are added here. */
  readonly notes: string[];
}

/** `1 line`, `2 lines`. */
export const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

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
export function toSamples({ data, words, paged }: NpyArray, where: string): Samples {
  if (paged) return paged as unknown as Samples;
  if (words)
    throw new CompressError('bad-data', `${where} holds words, not numbers`, 'give numbers as examples; labels may be words');
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
