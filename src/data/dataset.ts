/** Examples and their labels as plain data. Readers and splits make them; batches are cut from them. */

import type { FrontEnd, FrontEndFacts } from '../features/index.ts';
import { isPaged, joinPaged, takePaged } from './paged.ts';

/** Examples as stored: [count, ...shape], channels last. Of 256 MB and more that lie in a file `PagedSamples` stand for them: `numbersBetween` reads either. */
export type Samples = Float32Array | Uint8Array | Int8Array | Int16Array;

/** [count, ...shape of one label]: Int32Array where all are whole numbers, else Float32Array. What they mean is the task's. */
export type Labels = Int32Array | Float32Array;

/** Examples and what they are. */
export interface Part {
  /** Of each input of the dataset, in its order. */
  readonly inputs: readonly Samples[];
  /** null where the source has no labels. */
  readonly y: Labels | null;
  readonly count: number;
  /** A number for each example: those of one group (a recording, a person) stay in one part of a split. Not there where none are known. */
  readonly groups?: Int32Array;
}

/** What a dataset gives to one input of a model. */
export interface DataInput {
  readonly name: string;
  /** Of one example, channels last. */
  readonly shape: readonly number[];
  /** Where it is another than the dataset's. */
  readonly normalization?: Normalization;
}

/** The model is given (x * scale - mean) / std. `mean` and `std` hold one number, or one for each channel (the last axis). */
export interface Normalization {
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What the source holds: channels last (NHWC, NWC) or first (NCHW, NCW). After reading they are always last. */
export type Layout = 'nhwc' | 'nchw';

/** What a reader was told of a source: a recipe keeps it, so that the same examples and labels are read again. */
export interface StatedReading {
  /** The array or the column that holds the labels; several columns with commas between them. */
  readonly labels?: string;
  /** Of a model with several outputs the one whose labels are read, where there are labels for several. */
  readonly output?: string;
  /** Class names in the order of their numbers; by default words are numbered in their own order. */
  readonly classes?: readonly string[];
  /** The column that says which examples belong together: they stay in one part of a split. */
  readonly group?: string;
  /** Recordings are cut into windows of so many samples, or of a time such as '1s' or '500ms'. */
  readonly window?: number | string;
  /** From the begin of one window to the next; by default a window. */
  readonly stride?: number | string;
  /** Samples a second: recordings of another rate are resampled. */
  readonly rate?: number;
  /** What becomes of rows with a missing cell: they are left out, or it holds what the row before held. By default an error. */
  readonly missing?: 'drop' | 'hold';
  /** How pictures are brought to the model's size: 'crop', 'pad' or 'stretch', or to one that is stated, as 'crop:96x96'. By default another is an error. */
  readonly resize?: string;
  /** What is computed of each example of samples, as `mfcc` or `logmel:bands=20`: the model is given that. Or a front end that was resolved before. */
  readonly features?: string | FrontEndFacts;
}

/** The options that `stated` keeps. */
export const STATED_READING = {
  labels: true,
  output: true,
  classes: true,
  group: true,
  window: true,
  stride: true,
  rate: true,
  missing: true,
  resize: true,
  features: true,
} as const satisfies Record<keyof StatedReading, true>;

/** What of options or flags says how a source is read. */
export const readingIn = (options: StatedReading): StatedReading =>
  Object.fromEntries(
    (Object.keys(STATED_READING) as (keyof StatedReading)[]).flatMap((key) =>
      options[key] === undefined ? [] : [[key, options[key]]],
    ),
  );

/** And how a source without parts was split. */
export interface Stated extends StatedReading {
  readonly split?: readonly number[];
}

export const PARTS = ['train', 'validation', 'test'] as const;
export type PartName = (typeof PARTS)[number];

/** What `loadDataset` gives; the channels of an example are its last dimension. */
export interface Dataset {
  readonly name: string;
  readonly inputs: readonly DataInput[];
  /** Told apart by the labels: class names, the largest class number + 1, or the columns of one-hot rows; 0 where labels are no classes. */
  readonly classes: number;
  readonly classNames?: readonly string[];
  /** Stages and the search see train and validation only; test is for the last judgement. */
  readonly train: Part | null;
  readonly validation: Part | null;
  readonly test: Part | null;
  /** Of every input that has none of its own. */
  readonly normalization: Normalization;
  readonly layout: Layout;
  /** What the examples were computed by, from samples. */
  readonly frontEnd?: FrontEnd;
  /** How it was read, as far as that was stated and cannot be seen in it. */
  readonly stated?: Stated;
  readonly sourceFiles: readonly string[];
  /** What the reader decided by itself and what it did not use, a line each, to be shown. */
  readonly notes: readonly string[];
}

/** Whether all examples are in the test part: nothing was split. */
export const isOnePart = (data: Dataset): data is Dataset & { readonly test: Part } =>
  data.test !== null && !data.train && !data.validation;

/** The model is given x as it is. */
export const AS_STORED: Normalization = { scale: 1, mean: [0], std: [1] };

/** Numbers in one label; 0 without labels. */
export const labelWidth = ({ y, count }: Part): number => (y ? y.length / count : 0);

type Numbers = Samples | Labels;

const sameKind = <T extends Numbers>(like: T, length: number): T => new (like.constructor as new (n: number) => T)(length);

function joined<T extends Numbers>(arrays: readonly T[]): T {
  const all = sameKind(
    arrays[0],
    arrays.reduce((n, a) => n + a.length, 0),
  );
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

const joinedSamples = (all: readonly Samples[]): Samples => (all.some(isPaged) ? joinPaged(all) : joined(all));

/** Parts one after another; labels stay where all parts have them. */
export function joinExamples(parts: readonly Part[]): Part {
  const labels = parts.flatMap(({ y }) => (y ? [y] : []));
  const likeFirst = labels.find((y) => y instanceof Float32Array) ?? labels[0];
  return {
    inputs: parts[0].inputs.map((_, i) => joinedSamples(parts.map((p) => p.inputs[i]))),
    y: labels.length === parts.length ? joined([sameKind(likeFirst, 0), ...labels]) : null,
    count: parts.reduce((n, p) => n + p.count, 0),
    ...(parts.every((p) => p.groups) && { groups: joined(parts.map((p) => p.groups!)) }),
  };
}

function taken<T extends Numbers>(from: T, count: number, indices: ArrayLike<number>): T {
  const size = from.length / count;
  const out = sameKind(from, size * indices.length);
  for (let i = 0; i < indices.length; i++) out.set(from.subarray(indices[i] * size, (indices[i] + 1) * size), i * size);
  return out;
}

/** The examples at `indices`, copied. */
export function takeExamples({ inputs, y, count, groups }: Part, indices: ArrayLike<number>): Part {
  return {
    inputs: inputs.map((x) => (isPaged(x) ? takePaged(x, indices) : taken(x, count, indices))),
    y: y && taken(y, count, indices),
    count: indices.length,
    ...(groups && { groups: taken(groups, count, indices) }),
  };
}

/** At most `count` examples of a part, evenly from its whole length. */
export function takeEvenly(part: Part, count: number): Part {
  const wanted = Math.min(count, part.count);
  return takeExamples(
    part,
    Array.from({ length: wanted }, (_, i) => Math.floor((i * part.count) / wanted)),
  );
}
