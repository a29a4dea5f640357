import { bytesOf, type DType, sizeOf } from '../graph/graph.ts';
import { sameSize, to4d } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/** Bytes of an element that can be addressed by itself. */
export const elementBytes = (dtype: DType): number => bytesOf(dtype, 2) / 2;

/** y = x, any type; shapes may differ, the number of elements may not (reshape). */
export function copy(heap: Heap, y: HeapTensor, x: HeapTensor): Step {
  const bytes = bytesOf(y.dtype, sameSize(y, x));
  return () => heap.wasm.copy_bytes(y.ptr, x.ptr, bytes);
}

/** Distance in elements from one index of each axis to the next. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/**
 * y from x read with a stride of its own along each axis of y.
 *
 * @param strides elements of x from one index of an axis of y to the next; 0 repeats, negative runs backwards
 * @param start   first element read
 */
export function stridedCopy(heap: Heap, y: HeapTensor, x: HeapTensor, strides: readonly number[], start = 0): Step {
  const { dims, steps } = merge(y.shape, strides);
  const [n0, n1, n2, n3] = to4d(dims);
  const [s0, s1, s2, s3] = [0, 0, 0, 0, ...steps].slice(-4);
  const element = elementBytes(y.dtype);
  const from = x.ptr + start * element;
  return () => heap.wasm.strided_copy(y.ptr, from, element, n0, n1, n2, n3, s0, s1, s2, s3);
}

/** Neighbouring axes that are walked as one. */
function merge(shape: readonly number[], strides: readonly number[]) {
  const dims: number[] = [];
  const steps: number[] = [];
  shape.forEach((n, i) => {
    if (n === 1) return;
    const at = dims.length - 1;
    if (at >= 0 && steps[at] === strides[i] * n) {
      dims[at] *= n;
      steps[at] = strides[i];
    } else {
      dims.push(n);
      steps.push(strides[i]);
    }
  });
  return dims.length ? { dims, steps } : { dims: [1], steps: [1] };
}

/** y's axis i is x's axis `perm[i]`, any type. CMSIS-NN `arm_transpose_s8`. */
export function transpose(heap: Heap, y: HeapTensor, x: HeapTensor, perm: readonly number[]): Step {
  sameSize(y, x);
  const strides = stridesOf(x.shape);
  return stridedCopy(
    heap,
    y,
    x,
    perm.map((axis) => strides[axis]),
  );
}

/** x with its last two axes swapped, in memory of its own, and the step that fills it. */
export function swapLast(heap: Heap, x: HeapTensor): { x: HeapTensor; step: Step } {
  const order = x.shape.map((_, i) => i);
  const last = order.length - 1;
  [order[last - 1], order[last]] = [last, last - 1];
  const shape = order.map((i) => x.shape[i]);
  const swapped = { dtype: x.dtype, shape, ptr: heap.alloc(bytesOf(x.dtype, sizeOf(shape))) };
  return { x: swapped, step: transpose(heap, swapped, x, order) };
}

/** y from x, beginning at `begin` and stepping by `strides` along each axis of x; axes of y that x has and y lacks hold one place. */
export function slice(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  begin: readonly number[],
  strides: readonly number[],
  counts: readonly number[],
): Step {
  const of = stridesOf(x.shape);
  const start = begin.reduce((at, b, i) => at + b * of[i], 0);
  const view = { ...y, shape: counts };
  sameSize(y, view);
  return stridedCopy(
    heap,
    view,
    x,
    strides.map((s, i) => s * of[i]),
    start,
  );
}

/** Slices of x along `axis`, one after another, any type. */
export function split(heap: Heap, ys: readonly HeapTensor[], x: HeapTensor, axis: number): Step {
  let begin = 0;
  const steps = ys.map((y) => {
    const at = x.shape.map((_, i) => (i === axis ? begin : 0));
    begin += y.shape[axis];
    return slice(
      heap,
      y,
      x,
      at,
      x.shape.map(() => 1),
      y.shape,
    );
  });
  return () => {
    for (let i = 0; i < steps.length; i++) steps[i]();
  };
}

/**
 * x as a tensor of `shape`, its dimensions of 1 (and those it lacks in front) repeated.
 *
 * @returns x itself and no step where nothing repeats, else a tensor of its own and the step that fills it
 */
export function broadcast(heap: Heap, x: HeapTensor, shape: readonly number[]): { x: HeapTensor; step: Step | null } {
  if (sizeOf(x.shape) === sizeOf(shape)) return { x, step: null };
  const missing = shape.length - x.shape.length;
  const of = stridesOf(x.shape);
  const wide = { dtype: x.dtype, shape, ptr: heap.alloc(bytesOf(x.dtype, sizeOf(shape))) };
  const strides = shape.map((_, i) => (i < missing || x.shape[i - missing] === 1 ? 0 : of[i - missing]));
  return { x: wide, step: stridedCopy(heap, wide, x, strides) };
}
