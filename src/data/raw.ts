import { CompressError } from '../errors.ts';
import { joinExamples, type Part, type PartName, type Samples } from './dataset.ts';
import type { NpyArray } from './npy.ts';

/** What a reader hands over: one part as the source holds it, channels not yet moved. */
export interface RawPart extends Part {
  /** Of one example. */
  readonly shape: readonly number[];
  /** How messages call it. */
  readonly where: string;
  readonly files: readonly string[];
}

/** `all` is a source that does not tell train from test. */
export type RawParts = { readonly [name in PartName | 'all']?: RawPart } & { readonly classNames?: readonly string[] };

/** Raw parts of one shape one after another. */
export const joinParts = (parts: readonly RawPart[], where: string): RawPart => ({
  ...joinExamples(parts),
  shape: parts[0].shape,
  where,
  files: parts.flatMap((p) => p.files),
});

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

/**
 * Labels as classes: integers of any type, floats that are whole numbers, or one-hot rows.
 *
 * @param count how many examples they belong to
 */
export function toLabels(array: NpyArray, count: number, where: string): Int32Array {
  const [rows, columns = 1] = array.shape;
  const bad = (what: string, fix: string) => new CompressError('bad-data', `${where}: ${what}`, fix);
  if (array.shape.length > 2 || rows !== count) {
    throw bad(
      `labels have shape [${array.shape}] but there are ${count} examples`,
      `give one label for each example: shape [${count}]`,
    );
  }
  const value = (i: number) => Number(array.data[i]);
  const classes = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    let label = value(i * columns);
    if (columns > 1) {
      label = -1;
      for (let c = 0; c < columns; c++) {
        const v = value(i * columns + c);
        if (v === 1 && label < 0) label = c;
        else if (v !== 0) label = Number.NaN;
      }
      if (!(label >= 0))
        throw bad(
          `the labels of example ${i} are not one-hot`,
          'give a single 1 in each row, or one class number for each example',
        );
    }
    if (!Number.isInteger(label) || label < 0 || label > 65535) {
      throw bad(`label ${label} of example ${i} is not a class`, 'number the classes 0, 1, 2 ... without gaps');
    }
    classes[i] = label;
  }
  return classes;
}
