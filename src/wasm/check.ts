import { CompressError } from '../errors.ts';
import { type DType, showShape, sizeOf } from '../graph/graph.ts';
import type { HeapTensor } from './heap.ts';

type Shaped = Pick<HeapTensor, 'shape'>;

/** @throws CompressError `shape-mismatch` unless both hold the same number of elements */
export function sameSize(y: Shaped, x: Shaped): number {
  const n = sizeOf(y.shape);
  if (n !== sizeOf(x.shape)) {
    throw new CompressError(
      'shape-mismatch',
      `${showShape(x.shape)} does not fill an output of ${showShape(y.shape)}`,
      'give both the same shape',
    );
  }
  return n;
}

/** @throws CompressError `shape-mismatch` unless the shapes are equal */
export function sameShape(got: readonly number[], expected: readonly number[], what: string): void {
  if (got.length !== expected.length || got.some((d, i) => d !== expected[i])) {
    throw new CompressError(
      'shape-mismatch',
      `${what} is ${showShape(got)} but should be ${showShape(expected)}`,
      `give it the shape ${showShape(expected)}`,
    );
  }
}

/** @throws CompressError `shape-mismatch` unless every size is a whole number from 1 on */
export function positive(what: string, sizes: Readonly<Record<string, number>>): void {
  for (const name in sizes) {
    if (Number.isInteger(sizes[name]) && sizes[name] >= 1) continue;
    throw new CompressError('shape-mismatch', `${what} has ${sizes[name]} ${name}`, 'give it at least one');
  }
}

/** The shape as four dimensions, 1s in front. */
export function to4d(shape: readonly number[]): [number, number, number, number] {
  if (shape.length > 4) {
    const [a, ...rest] = shape;
    if (a === 1) return to4d(rest);
    throw new CompressError('unsupported', `${showShape(shape)} has more than four dimensions`, 'reshape it to four');
  }
  return [1, 1, 1, 1, ...shape].slice(-4) as [number, number, number, number];
}

/** @throws CompressError `unsupported` unless every tensor is of one of these types, and all of the same */
export function allOf(dtypes: readonly DType[], what: string, ...tensors: readonly Pick<HeapTensor, 'dtype'>[]): void {
  const [first] = tensors;
  if (dtypes.includes(first.dtype) && tensors.every((t) => t.dtype === first.dtype)) return;
  throw new CompressError(
    'unsupported',
    `${what} is not made for ${[...new Set(tensors.map((t) => t.dtype))].join(' and ')}`,
    `use ${dtypes.join(' or ')} activations`,
  );
}
