import { sameShape } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { factors, isWide, packing, type Rescale } from './rescale.ts';
import { depthwiseGeometry, type Geometry, sizesOf, type Window } from './window.ts';

export interface DepthwiseConvInt extends Rescale, Window {}

/**
 * Integer depthwise convolution, equal bit for bit to CMSIS-NN `arm_depthwise_conv_s8`, `_s4`, `_s16`.
 *
 * @param y    [n, outH, outW, outC] of x's type, written by each call of the step; channel c * (outC / inC) + m comes from input channel c
 * @param x    i8 or i16 (zero point 0) [n, inH, inW, inC]
 * @param w    i8 or i4 [1, kH, kW, outC], symmetric (zero point 0); unpacked and packed once, when the step is made
 * @param bias i32 (beside i16 also i64) [outC] in units of `x.scale * w.scale`, or null
 * @throws CompressError `shape-mismatch` when channels or the numbers of multipliers do not meet
 */
export function depthwiseConvInt(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  w: HeapTensor,
  bias: HeapTensor | null,
  p: DepthwiseConvInt,
): Step {
  const g = depthwiseGeometry(y, x, w, p);
  if (bias) sameShape(bias.shape, [g.outC], 'the bias of a depthwise convolution');
  return x.dtype === 'i16' ? depthwiseConvS16(heap, y, x, w, bias, g, p) : depthwiseConvS8(heap, y, x, w, bias, g, p);
}

function depthwiseConvS16(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  w: HeapTensor,
  bias: HeapTensor | null,
  g: Geometry,
  p: DepthwiseConvInt,
): Step {
  const { wasm } = heap;
  const { outH, outW, outC, kH, kW, sH, sW, dH, dW } = g;
  const plan = heap.alloc(wasm.depthwise_conv_packed_s16(outC, kH, kW));
  packing(heap, w, (weights) => wasm.depthwise_conv_pack_s16(plan, weights, outW, outC, kH, kW, sW, dH, dW));
  const { multiplier, shift, each } = factors(heap, outC, p);
  const scratch = heap.scratch(wasm.depthwise_conv_scratch_s16(outC, outH, outW, kH, kW, sH, sW, dH, dW));
  const head = [y.ptr, x.ptr, plan, bias?.ptr ?? 0, multiplier, shift, each, Number(isWide(bias, p)), scratch] as const;
  const args = [...head, x.shape[0], ...sizesOf(g), p.yMin, p.yMax] as const;
  return () => wasm.depthwise_conv_s16(...args);
}

function depthwiseConvS8(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  w: HeapTensor,
  bias: HeapTensor | null,
  g: Geometry,
  p: DepthwiseConvInt,
): Step {
  const { int8 } = heap;
  const { outH, outW, outC, kH, kW, sH, sW, dH, dW } = g;
  const plan = heap.alloc(int8.depthwise_conv_packed_s8(outH, outW, outC, kH, kW));
  packing(heap, w, (weights) => {
    const { multiplier, shift, each } = factors(heap, outC, p);
    const head = [plan, weights, bias?.ptr ?? 0, multiplier, shift, each] as const;
    const sizes = [outH, outW, outC, kH, kW, sH, sW, dH, dW] as const;
    int8.depthwise_conv_pack_s8(...head, ...sizes, p.xOffset, p.yOffset, p.yMin, p.yMax);
  });
  const scratch = heap.scratch(int8.depthwise_conv_scratch_s8(outC, outH, outW, kH, kW, sH, sW, dH, dW));
  const args = [y.ptr, x.ptr, plan, scratch, x.shape[0], ...sizesOf(g), p.xOffset] as const;
  return () => int8.depthwise_conv_s8(...args);
}
