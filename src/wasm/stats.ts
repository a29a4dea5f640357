import { sizeOf } from '../graph/graph.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/** Adds to `counts` (i32 [bins]) how many values of x lie in each of `bins` equal parts of low..high; the ends take what lies outside. */
export function histogramF32(heap: Heap, counts: HeapTensor, x: HeapTensor, low: number, high: number): Step {
  const [n, bins] = [sizeOf(x.shape), sizeOf(counts.shape)];
  return () => heap.wasm.histogram_f32(counts.ptr, x.ptr, n, low, high, bins);
}

/** Lowers and raises `range` (f32 [2], start it with [Infinity, -Infinity]) to hold every value of x. */
export function minMaxF32(heap: Heap, range: HeapTensor, x: HeapTensor): Step {
  const n = sizeOf(x.shape);
  return () => heap.wasm.min_max_f32(range.ptr, x.ptr, n);
}

/** `shape` seen from one axis. */
export function aroundAxis(shape: readonly number[], axis: number): [outer: number, channels: number, inner: number] {
  return [sizeOf(shape.slice(0, axis)), shape[axis], sizeOf(shape.slice(axis + 1))];
}

/** Norm of each index along `axis`, order 1 or 2, written to `norms` (f32 [shape[axis]]). */
export function channelNormF32(heap: Heap, norms: HeapTensor, x: HeapTensor, axis: number, order: 1 | 2): Step {
  const [outer, channels, inner] = aroundAxis(x.shape, axis);
  return () => heap.wasm.channel_norm_f32(norms.ptr, x.ptr, outer, channels, inner, order);
}

export interface FakeQuantize {
  /** f32, one for each index of the axis (one for all when axis is null), above 0. */
  readonly scales: HeapTensor;
  /** f32, as scales: whole numbers. */
  readonly zeros: HeapTensor;
  readonly axis: number | null;
  /** Smallest and largest integer, for example -127 and 127, or -128 and 127. */
  readonly range: readonly [number, number];
}

/** y = scale * (clamp(round(x / scale) + zero) - zero); y may be x. */
export function fakeQuantizeF32(heap: Heap, y: HeapTensor, x: HeapTensor, q: FakeQuantize): Step {
  const [outer, channels, inner] = q.axis === null ? [1, 1, sizeOf(x.shape)] : aroundAxis(x.shape, q.axis);
  return () =>
    heap.wasm.fake_quantize_f32(y.ptr, x.ptr, q.scales.ptr, q.zeros.ptr, outer, channels, inner, q.range[0], q.range[1]);
}

/**
 * Straight-through gradient: dx += dy inside the range. Learned steps: dscales, dzeros (f32, as scales; or null) are added to, times
 * `gain`, for which LSQ takes 1 / sqrt(number of values * largest integer).
 */
export function fakeQuantizeGradF32(
  heap: Heap,
  dy: HeapTensor,
  x: HeapTensor,
  to: { dx: HeapTensor | null; dscales: HeapTensor | null; dzeros: HeapTensor | null },
  q: FakeQuantize,
  gain: number,
): Step {
  const [outer, channels, inner] = q.axis === null ? [1, 1, sizeOf(x.shape)] : aroundAxis(x.shape, q.axis);
  return () =>
    heap.wasm.fake_quantize_grad_f32(
      to.dx?.ptr ?? 0,
      to.dscales?.ptr ?? 0,
      to.dzeros?.ptr ?? 0,
      dy.ptr,
      x.ptr,
      q.scales.ptr,
      q.zeros.ptr,
      outer,
      channels,
      inner,
      q.range[0],
      q.range[1],
      gain,
    );
}
