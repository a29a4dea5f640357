import { sizeOf } from '../graph/graph.ts';
import { type FloatActivation, rangeOf } from './activation.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

export interface PoolF32 {
  /** [h, w] of the window. */
  readonly filter: readonly [number, number];
  readonly stride: readonly [number, number];
  /** [top, left]: how far the first window begins before the image. */
  readonly padding: readonly [number, number];
  readonly activation?: FloatActivation;
}

/** Mean of a window, of what lies inside x. y f32 [n, outH, outW, c], x f32 [n, inH, inW, c]. */
export function avgPoolF32(heap: Heap, y: HeapTensor, x: HeapTensor, p: PoolF32): Step {
  const all = list(y, x, p);
  return () => heap.wasm.avg_pool_f32(y.ptr, x.ptr, ...all);
}

export function avgPoolGradF32(heap: Heap, dy: HeapTensor, y: HeapTensor, dx: HeapTensor, p: PoolF32): Step {
  const all = list(y, dx, p);
  return () => heap.wasm.avg_pool_grad_f32(dx.ptr, dy.ptr, y.ptr, ...all);
}

/** Largest value of a window. y f32 [n, outH, outW, c], x f32 [n, inH, inW, c]. */
export function maxPoolF32(heap: Heap, y: HeapTensor, x: HeapTensor, p: PoolF32): Step {
  const all = list(y, x, p);
  return () => heap.wasm.max_pool_f32(y.ptr, x.ptr, ...all);
}

/** The first of equal largest values gets the gradient. */
export function maxPoolGradF32(heap: Heap, dy: HeapTensor, x: HeapTensor, dx: HeapTensor, p: PoolF32): Step {
  const all = list(dy, x, p);
  return () => heap.wasm.max_pool_grad_f32(dx.ptr, dy.ptr, x.ptr, ...all);
}

function list(y: HeapTensor, x: HeapTensor, { filter, stride, padding, activation }: PoolF32) {
  const [n, inH, inW, c] = x.shape;
  return [n, inH, inW, c, y.shape[1], y.shape[2], ...filter, ...stride, ...padding, ...rangeOf(activation)] as const;
}

/** Mean over `axes`, ascending; their sum where `divides` is false. */
export function meanF32(heap: Heap, y: HeapTensor, x: HeapTensor, axes: readonly number[], divides = true): Step {
  const parts = passes(x.shape, axes);
  const room = parts.length > 1 ? heap.scratch(8 * sizeOf(x.shape)) : 0;
  return () => {
    let from = x.ptr;
    parts.forEach(([outer, n, inner], i) => {
      const to = i === parts.length - 1 ? y.ptr : room + (i % 2) * 4 * sizeOf(x.shape);
      heap.wasm.mean_f32(to, from, outer, n, inner, divides ? n : 1);
      from = to;
    });
  };
}

/** dx += dy / n, or dy of a sum. */
export function meanGradF32(heap: Heap, dy: HeapTensor, dx: HeapTensor, axes: readonly number[], divides = true): Step {
  const parts = passes(dx.shape, axes);
  const bytes = 4 * sizeOf(dx.shape);
  const room = parts.length > 1 ? heap.scratch(2 * bytes) : 0;
  return () => {
    let from = dy.ptr;
    for (let i = parts.length - 1; i >= 0; i--) {
      const [outer, n, inner] = parts[i];
      const to = i === 0 ? dx.ptr : room + (i % 2) * bytes;
      if (i > 0) heap.wasm.fill_f32(to, outer * n * inner, 0);
      heap.wasm.mean_grad_f32(to, from, outer, n, inner, divides ? n : 1);
      from = to;
    }
  };
}

/** Runs of neighbouring axes, the last first: [outer, n, inner] of one pass over what the passes before have left. */
function passes(shape: readonly number[], axes: readonly number[]): [number, number, number][] {
  const left = [...shape];
  const parts: [number, number, number][] = [];
  for (let last = axes.length - 1; last >= 0; last--) {
    let first = last;
    while (first > 0 && axes[first - 1] === axes[first] - 1) first--;
    const [from, to] = [axes[first], axes[last] + 1];
    parts.push([sizeOf(left.slice(0, from)), sizeOf(left.slice(from, to)), sizeOf(left.slice(to))]);
    left.fill(1, from, to);
    last = first;
  }
  return parts.length ? parts : [[1, 1, sizeOf(shape)]];
}
