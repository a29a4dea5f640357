import { CompressError } from '../errors.ts';
import { sameShape, to4d } from './check.ts';
import { elementBytes } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/**
 * x with constant places around it. CMSIS-NN `arm_pad_s8`.
 *
 * @param paddings places before and after, for each of up to four dimensions
 * @param value    the integer that fills; 0 for wider types than a byte
 * @throws CompressError `unsupported` for another value of a wider type
 */
export function pad(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  paddings: readonly (readonly [number, number])[],
  value: number,
): Step {
  sameShape(
    y.shape,
    x.shape.map((d, i) => d + paddings[i][0] + paddings[i][1]),
    'the output of pad',
  );
  const element = elementBytes(x.dtype);
  if (element > 1 && value !== 0) {
    throw new CompressError(
      'unsupported',
      `padding of ${x.dtype} values with ${value} is not supported`,
      'pad with the zero point, or use 8-bit activations',
    );
  }
  const bytes = (shape: readonly number[]) => to4d([...shape.slice(0, -1), shape[shape.length - 1] * element]);
  const [n, h, w, c] = bytes(x.shape);
  const [yN, yH, yW, yC] = bytes(y.shape);
  const before = paddings.map(([b], i) => (i === paddings.length - 1 ? b * element : b));
  const [n0, h0, w0, c0] = [0, 0, 0, 0, ...before].slice(-4);
  return () => heap.wasm.pad_bytes(y.ptr, x.ptr, n, h, w, c, yN, yH, yW, yC, n0, h0, w0, c0, value);
}
