import { CompressError } from '../errors.ts';
import { showShape } from '../graph/graph.ts';
import { allOf, sameShape, to4d } from './check.ts';
import { elementBytes } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

export interface BatchMatmulParams {
  /** MINUS the zero points; int16 has none. */
  readonly aOffset: number;
  readonly bOffset: number;
  readonly yOffset: number;
  readonly multiplier: number;
  readonly shift: number;
  readonly yMin: number;
  readonly yMax: number;
}

/**
 * Products of matrices, int8 or int16 by y's type, equal bit for bit to CMSIS-NN `arm_batch_matmul_s8` / `_s16`.
 *
 * @param y [.., rows, columns]
 * @param a [.., rows, depth]
 * @param b [.., columns, depth]: already transposed; leading dimensions of 1 broadcast
 * @throws CompressError `shape-mismatch` when depths or leading dimensions do not fit
 */
export function batchMatmulInt(heap: Heap, y: HeapTensor, a: HeapTensor, b: HeapTensor, q: BatchMatmulParams): Step {
  allOf(['i8', 'i16'], 'the matrix product', y, a, b);
  const [aN, aH, rows, depth] = to4d(a.shape);
  const [bN, bH, columns, expected] = to4d(b.shape);
  const [n, h] = [Math.max(aN, bN), Math.max(aH, bH)];
  const fits = (d: number, all: number) => d === all || d === 1;
  if (depth !== expected || ![aN, bN].every((d) => fits(d, n)) || ![aH, bH].every((d) => fits(d, h))) {
    throw new CompressError(
      'shape-mismatch',
      `matrices of ${showShape(a.shape)} and ${showShape(b.shape)} (transposed) cannot be multiplied`,
      `make both depths ${depth} and the leading dimensions equal or 1`,
    );
  }
  sameShape(to4d(y.shape), [n, h, rows, columns], 'the output of a matrix product');
  const bytes = elementBytes(y.dtype);
  const pairs: { y: number; a: number; b: number }[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < h; j++) {
      pairs.push({
        y: y.ptr + (i * h + j) * rows * columns * bytes,
        a: a.ptr + ((aN === 1 ? 0 : i) * aH + (aH === 1 ? 0 : j)) * rows * depth * bytes,
        b: b.ptr + ((bN === 1 ? 0 : i) * bH + (bH === 1 ? 0 : j)) * columns * depth * bytes,
      });
    }
  }
  const { wasm } = heap;
  const { aOffset, bOffset, yOffset, multiplier, shift, yMin, yMax } = q;
  return y.dtype === 'i16'
    ? () => {
        for (const p of pairs) wasm.batch_matmul_s16(p.y, p.a, p.b, rows, columns, depth, multiplier, shift, yMin, yMax);
      }
    : () => {
        for (const p of pairs) {
          wasm.batch_matmul_s8(p.y, p.a, p.b, rows, columns, depth, aOffset, bOffset, yOffset, multiplier, shift, yMin, yMax);
        }
      };
}
