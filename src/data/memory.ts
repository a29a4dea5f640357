/** Examples in memory. */
import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { PARTS, type PartName } from './dataset.ts';
import { toLabels } from './labels.ts';
import type { NpyData } from './npy.ts';
import { type RawPart, type RawParts, toSamples } from './raw.ts';

/** Numbers in memory: `shape` is [count, ...shape of one example]. */
export interface ArrayInput {
  readonly x: NpyData;
  readonly shape: readonly number[];
}

/** Examples in memory, for one input or for several by name. */
export type ArraySource = (ArrayInput | { readonly inputs: Readonly<Record<string, ArrayInput>> }) & {
  /** A class, a number or a row of numbers for each example, one after another. */
  readonly y?: ArrayLike<number> | null;
};

/** Examples to be split, or for each part. */
export type Arrays = ArraySource | { readonly [name in PartName]?: ArraySource };

const isOneSource = (source: object): source is ArraySource => ('x' in source && 'shape' in source) || 'inputs' in source;

export const isArrays = (source: object): source is Arrays =>
  isOneSource(source) ||
  Object.entries(source).some(([key, v]) => PARTS.includes(key as PartName) && !(v instanceof Uint8Array) && isOneSource(v));

export function partsInMemory(source: Arrays): RawParts {
  if (isOneSource(source)) return { all: fromArrays(source, 'x') };
  const raw: { [name in PartName]?: RawPart } = {};
  for (const name of PARTS) if (source[name]) raw[name] = fromArrays(source[name], name);
  return raw;
}

function fromArrays(source: ArraySource, where: string): RawPart {
  const inputs = Object.entries('inputs' in source ? source.inputs : { x: source });
  if (inputs.length === 0)
    throw new CompressError('bad-data', `${where} has no inputs`, 'give { inputs: { name: { x, shape } } }');
  const [count] = inputs[0][1].shape;
  for (const [name, input] of inputs) checkArray(input, inputs.length > 1 ? `${where}, "${name}",` : where, count);
  const { y } = source;
  const samples = ([name, { x, shape }]: (typeof inputs)[number]) =>
    toSamples({ type: 'f4', shape, data: x }, inputs.length > 1 ? name : where);
  return {
    inputs: inputs.map(samples),
    info: inputs.map(([name, { shape }]) => ({ name, shape: shape.slice(1) })),
    y: y ? labelsOf(y, count, where) : null,
    count,
    where,
    files: [],
  };
}

function checkArray({ x, shape }: ArrayInput, where: string, count: number): void {
  if (shape.length < 2 || sizeOf(shape) !== x.length) {
    throw new CompressError(
      'shape-mismatch',
      `${where} has ${x.length} numbers but the shape [${shape}]`,
      'give shape as [count, ...shape of one example]',
    );
  }
  if (shape[0] === count) return;
  throw new CompressError('shape-mismatch', `${where} has ${shape[0]} examples, not ${count}`, 'give as many for each input');
}

function labelsOf(y: ArrayLike<number>, count: number, where: string) {
  const width = y.length / count;
  const shape = Number.isInteger(width) && width > 1 ? [count, width] : [y.length];
  return toLabels({ type: 'f8', shape, data: Float64Array.from(y) }, count, where);
}
