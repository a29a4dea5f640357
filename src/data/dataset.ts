/** Examples and their labels as plain data. Readers and splits make them; batches are cut from them. */

/** Examples as stored: [count, ...shape], channels last. */
export type Samples = Float32Array | Uint8Array | Int8Array | Int16Array;

/** Examples and what they are. */
export interface Part {
  readonly x: Samples;
  /** One class of 0..classes-1 for each example, or null where the source has no labels. */
  readonly y: Int32Array | null;
  readonly count: number;
}

/** The model is given (x * scale - mean) / std. `mean` and `std` hold one number, or one for each channel (the last axis). */
export interface Normalization {
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What the source holds: channels last (NHWC, NWC) or first (NCHW, NCW). After reading they are always last. */
export type Layout = 'nhwc' | 'nchw';

export const PARTS = ['train', 'validation', 'test'] as const;
export type PartName = (typeof PARTS)[number];

/** What `loadDataset` gives; the channels of an example are its last dimension. */
export interface Dataset {
  readonly name: string;
  /** Of one example, channels last. */
  readonly shape: readonly number[];
  /** The largest label + 1; 0 without labels. */
  readonly classes: number;
  readonly classNames?: readonly string[];
  /** Stages and the search see train and validation only; test is for the last judgement. */
  readonly train: Part | null;
  readonly validation: Part | null;
  readonly test: Part | null;
  readonly normalization: Normalization;
  readonly layout: Layout;
  readonly sourceFiles: readonly string[];
  /** What the reader decided by itself, a line each, to be shown: how parts were split, say. */
  readonly notes: readonly string[];
}

/** Whether all there is stands in the test part: nothing was split. */
export const isOnePart = (data: Dataset): data is Dataset & { readonly test: Part } =>
  data.test !== null && !data.train && !data.validation;

/** The model is given x as it is. */
export const AS_STORED: Normalization = { scale: 1, mean: [0], std: [1] };

/** Parts one after another; labels stay where all parts have them. */
export function joinExamples(parts: readonly Part[]): Part {
  const [{ x: first }] = parts;
  const count = parts.reduce((n, p) => n + p.count, 0);
  const x = new (first.constructor as new (n: number) => Samples)(parts.reduce((n, p) => n + p.x.length, 0));
  const y = parts.every((p) => p.y) ? new Int32Array(count) : null;
  let [at, place] = [0, 0];
  for (const part of parts) {
    x.set(part.x, at);
    y?.set(part.y!, place);
    at += part.x.length;
    place += part.count;
  }
  return { x, y, count };
}

/** The examples at `indices`, copied. */
export function takeExamples(part: Part, indices: ArrayLike<number>): Part {
  const size = part.x.length / part.count;
  const x = new (part.x.constructor as new (n: number) => Samples)(size * indices.length);
  const y = part.y && new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    x.set(part.x.subarray(indices[i] * size, (indices[i] + 1) * size), i * size);
    if (y) y[i] = part.y![indices[i]];
  }
  return { x, y, count: indices.length };
}

/** At most `count` examples of a part, evenly from its whole length. */
export function takeEvenly(part: Part, count: number): Part {
  const taken = Math.min(count, part.count);
  return takeExamples(
    part,
    Array.from({ length: taken }, (_, i) => Math.floor((i * part.count) / taken)),
  );
}
