import { sizeOf } from '../graph/graph.ts';
import { stridesOf } from './copy.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { walk } from './walk.ts';

/** Gradients of operators that only move values (copy, concat, split, pad, transpose, slice): each ADDS dy, or a part of it, to dx. */

/** dx += dy, read and written with strides of their own (in elements) over `shape`. */
function stridedAdd(
  heap: Heap,
  shape: readonly number[],
  dx: HeapTensor,
  dxStrides: readonly number[],
  dxStart: number,
  dy: HeapTensor,
  dyStrides: readonly number[],
  dyStart: number,
): Step {
  const { dims, strides } = walk(shape, [dxStrides, dyStrides]);
  const [to, from] = [dx.ptr + dxStart * 4, dy.ptr + dyStart * 4];
  return () => heap.wasm.strided_add_f32(to, from, ...dims, ...strides[0], ...strides[1]);
}

/** dx += dy; shapes may differ, the number of elements may not. */
export function addF32(heap: Heap, dx: HeapTensor, dy: HeapTensor): Step {
  return stridedAdd(heap, [sizeOf(dx.shape)], dx, [1], 0, dy, [1], 0);
}

/** Of `transpose`: axis i of y was axis perm[i] of x. */
export function transposeGradF32(heap: Heap, dy: HeapTensor, dx: HeapTensor, perm: readonly number[]): Step {
  const own = stridesOf(dx.shape);
  return stridedAdd(
    heap,
    dy.shape,
    dx,
    perm.map((axis) => own[axis]),
    0,
    dy,
    stridesOf(dy.shape),
    0,
  );
}

/** Of `slice`: y's places were x's from `begin` on, `strides` apart; `counts` are those along each axis of x. */
export function sliceGradF32(
  heap: Heap,
  dy: HeapTensor,
  dx: HeapTensor,
  begin: readonly number[],
  strides: readonly number[],
  counts: readonly number[],
): Step {
  const own = stridesOf(dx.shape);
  const start = begin.reduce((at, b, i) => at + b * own[i], 0);
  return stridedAdd(
    heap,
    counts,
    dx,
    strides.map((s, i) => s * own[i]),
    start,
    dy,
    stridesOf(counts),
    0,
  );
}

/** Of `pad`, and of one input of `concat`: dx += the part of dy that begins at `begin`. */
export function insideGradF32(heap: Heap, dy: HeapTensor, dx: HeapTensor, begin: readonly number[]): Step {
  const own = stridesOf(dy.shape);
  const start = begin.reduce((at, b, i) => at + b * own[i], 0);
  return stridedAdd(heap, dx.shape, dx, stridesOf(dx.shape), 0, dy, own, start);
}

/** y = x with `value` around it; `before` places come first along each axis. */
export function padF32(heap: Heap, y: HeapTensor, x: HeapTensor, before: readonly number[], value: number): Step {
  const n = sizeOf(y.shape);
  const own = stridesOf(y.shape);
  const start = before.reduce((at, b, i) => at + b * own[i], 0);
  const { dims, strides } = walk(x.shape, [own, stridesOf(x.shape)]);
  const inside = y.ptr + start * 4;
  return () => {
    heap.wasm.fill_f32(y.ptr, n, value);
    heap.wasm.strided_copy_f32(inside, x.ptr, ...dims, ...strides[0], ...strides[1]);
  };
}
