import { sizeOf } from '../graph/graph.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { aroundAxis } from './stats.ts';

export interface FakeQuantize {
  /** f32, one for each index of the axis (one for all when axis is null), above 0. */
  readonly scales: HeapTensor;
  /** A whole number. */
  readonly zero: number;
  readonly axis: number | null;
  /** Smallest and largest integer, for example -127 and 127, or -128 and 127. */
  readonly range: readonly [number, number];
}

/** y = scale * (clamp(round(x / scale) + zero) - zero); y may be x. */
export function fakeQuantizeF32(heap: Heap, y: HeapTensor, x: HeapTensor, { scales, zero, axis, range }: FakeQuantize): Step {
  const [outer, channels, inner] = aroundAxis(x.shape, axis);
  return () => heap.wasm.fake_quantize_f32(y.ptr, x.ptr, scales.ptr, outer, channels, inner, zero, range[0], range[1]);
}

/**
 * Gradients, added to: straight through to dx where rounding stays in the range; to dscales (f32, as scales) that of a learned step size
 * (LSQ), times `gain`. Each may be null.
 */
export function fakeQuantizeGradF32(
  heap: Heap,
  dy: HeapTensor,
  x: HeapTensor,
  { dx, dscales }: { dx: HeapTensor | null; dscales: HeapTensor | null },
  { scales, zero, axis, range: [low, high] }: FakeQuantize,
  gain: number,
): Step {
  const [outer, channels, inner] = aroundAxis(x.shape, axis);
  const { wasm } = heap;
  return () => {
    if (dx) wasm.fake_quantize_grad_x_f32(dx.ptr, dy.ptr, x.ptr, scales.ptr, outer, channels, inner, zero, low, high);
    if (dscales)
      wasm.fake_quantize_grad_scale_f32(dscales.ptr, dy.ptr, x.ptr, scales.ptr, outer, channels, inner, zero, low, high, gain);
  };
}

/** What the output of a layer with integer weights was computed from. */
export interface LayerScales {
  /** f32 [1]. */
  readonly x: HeapTensor;
  /** f32 [channels] or [1]. */
  readonly w: HeapTensor;
  /** f32 [channels], or null. */
  readonly bias: HeapTensor | null;
}

/**
 * As fakeQuantizeF32 with one scale, for the output x [.., channels] of a layer: rounded where the integer kernels round, so that y is what
 * they answer. Holds for 8-bit activations.
 */
export function fakeRequantizeF32(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  layer: LayerScales,
  { scales, zero, range: [low, high] }: FakeQuantize,
): Step {
  const channels = x.shape[x.shape.length - 1];
  const count = sizeOf(x.shape) / channels;
  const each = sizeOf(layer.w.shape) === 1 ? 0 : 4;
  const factors = heap.tensor('f32', [4, channels]).ptr;
  const bias = layer.bias?.ptr ?? 0;
  return () => {
    heap.wasm.requantize_factors_f32(factors, layer.x.ptr, layer.w.ptr, each, scales.ptr, bias, channels);
    heap.wasm.fake_requantize_f32(y.ptr, x.ptr, factors, scales.ptr, count, channels, zero, low, high);
  };
}

/** Step sizes s += z, or s *= 1 + z with `relative`; z, what an optimizer made of zeros, is cleared. They stay above 0. */
export function moveStepSizesF32(heap: Heap, s: HeapTensor, z: HeapTensor, relative: boolean): Step {
  const n = sizeOf(s.shape);
  return () => heap.wasm.move_step_sizes_f32(s.ptr, z.ptr, n, relative ? 1 : 0);
}
