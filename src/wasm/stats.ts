import { sizeOf } from '../graph/graph.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

/** Adds to `counts` (i32 [bins]) how many values of x lie in each of `bins` equal parts of low..high; the ends take what lies outside. */
export function histogramF32(heap: Heap, counts: HeapTensor, x: HeapTensor, low: number, high: number): Step {
  const [n, bins] = [sizeOf(x.shape), sizeOf(counts.shape)];
  return () => heap.wasm.histogram_f32(counts.ptr, x.ptr, n, low, high, bins);
}

/** Lowers and raises `range` (f32 [2], start it with [Infinity, -Infinity]) to hold every value of x; both are NaN once a value is. */
export function minMaxF32(heap: Heap, range: HeapTensor, x: HeapTensor): Step {
  const n = sizeOf(x.shape);
  return () => heap.wasm.min_max_f32(range.ptr, x.ptr, n);
}

/** `shape` seen from one axis; without an axis all is one channel. */
export function aroundAxis(shape: readonly number[], axis: number | null): [outer: number, channels: number, inner: number] {
  if (axis === null) return [1, 1, sizeOf(shape)];
  return [sizeOf(shape.slice(0, axis)), shape[axis], sizeOf(shape.slice(axis + 1))];
}

/** Norm of each index along `axis`, order 1 or 2, written to `norms` (f32 [shape[axis]]). */
export function channelNormF32(heap: Heap, norms: HeapTensor, x: HeapTensor, axis: number, order: 1 | 2): Step {
  const [outer, channels, inner] = aroundAxis(x.shape, axis);
  return () => heap.wasm.channel_norm_f32(norms.ptr, x.ptr, outer, channels, inner, order);
}

/**
 * Symmetric scale of each index along `axis` (null: one for all), written to `scales` (f32): 8 bits take the one whose largest integer
 * encodes the largest magnitude; 4 bits, where that wastes too much, the one that errs least.
 */
export function weightScalesF32(heap: Heap, scales: HeapTensor, x: HeapTensor, axis: number | null, bits: 4 | 8): Step {
  const [outer, channels, inner] = aroundAxis(x.shape, axis);
  const [low, high] = weightRange(bits);
  return bits === 8
    ? () => heap.wasm.symmetric_scales_f32(scales.ptr, x.ptr, outer, channels, inner, high)
    : () => heap.wasm.least_error_scales_f32(scales.ptr, x.ptr, outer, channels, inner, low, high);
}

/** Integers that weights may be: -128 stays out, as TFLite's 8-bit quantization specification asks of symmetric ones; int4 kernels take all. */
export const weightRange = (bits: 4 | 8, zero = 0): readonly [number, number] =>
  bits === 8 && zero === 0 ? [-127, 127] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];

/** How single places of a layer's output [h, w] read its input. */
export interface Patch {
  readonly filter: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly before: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly output: readonly [number, number];
}

/**
 * What a layer reads at single places of its output, a row each.
 *
 * @param rows   f32 [count, n], written: n = h * w * c of the filter, or 1 more, which is the constant 1
 * @param x      f32 [examples, h, w, c]
 * @param places i32 [count], count / examples of them for each example: y * width of the output + x
 */
export function gatherRowsF32(heap: Heap, rows: HeapTensor, x: HeapTensor, places: HeapTensor, p: Patch): Step {
  const [count, n] = rows.shape;
  const [examples, h, w, c] = x.shape;
  const one = n - p.filter[0] * p.filter[1] * c;
  const window = [...p.filter, ...p.stride, ...p.before, ...p.dilation] as const;
  const each = count / examples;
  return () => heap.wasm.gather_rows_f32(rows.ptr, x.ptr, places.ptr, count, each, h, w, c, p.output[1], ...window, one);
}

/** Adds to `sums` (f32 [examples]) what differs between a and b along g, all f32 [examples, ..]: the sum of (a - b) * g of each example. */
export function projectedDifferenceF32(heap: Heap, sums: HeapTensor, a: HeapTensor, b: HeapTensor, g: HeapTensor): Step {
  const [examples] = sums.shape;
  const size = sizeOf(a.shape) / examples;
  return () => heap.wasm.projected_difference_f32(sums.ptr, a.ptr, b.ptr, g.ptr, examples, size);
}
