import { sameShape } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { factors, isWide, packing, type Rescale } from './rescale.ts';
import { convGeometry, type Geometry, sizesOf, type Window } from './window.ts';

export interface ConvInt extends Rescale, Window {
  readonly groups?: number;
}

/**
 * Integer convolution, equal bit for bit to CMSIS-NN `arm_convolve_s8`, `_s4`, `_s16`.
 *
 * @param y    [n, outH, outW, outC] of x's type, written by each call of the step
 * @param x    i8 or i16 (zero point 0) [n, inH, inW, inC]
 * @param w    i8 or i4 [outC, kH, kW, inC / groups], symmetric (zero point 0); unpacked and packed once, when the step is made
 * @param bias i32 (beside i16 also i64) [outC] in units of `x.scale * w.scale`, or null
 * @returns    the step: calling it runs the layer once, on what x then holds
 * @throws CompressError `shape-mismatch` when channels or the numbers of multipliers do not meet
 */
export function convInt(heap: Heap, y: HeapTensor, x: HeapTensor, w: HeapTensor, bias: HeapTensor | null, p: ConvInt): Step {
  const g = convGeometry(y, x, w, p, p.groups);
  if (bias) sameShape(bias.shape, [g.outC], 'the bias of a convolution');
  return x.dtype === 'i16' ? convS16(heap, y, x, w, bias, g, p) : convS8(heap, y, x, w, bias, g, p);
}

function convS16(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  w: HeapTensor,
  bias: HeapTensor | null,
  g: Geometry,
  p: ConvInt,
): Step {
  const { wasm } = heap;
  const { groups = 1 } = p;
  const { inC, outH, outW, outC, kH, kW, sH, sW, dH, dW } = g;
  const packed = heap.alloc(wasm.conv_packed_s16(inC, outC, kH, kW, dW, groups));
  packing(heap, w, (weights) => wasm.conv_pack_s16(packed, weights, inC, outC, kH, kW, dW, groups));
  const { multiplier, shift, each } = factors(heap, outC, p);
  const scratch = heap.scratch(wasm.conv_scratch_s16(inC, outH, outW, kH, kW, sH, sW, dH, dW));
  const head = [y.ptr, x.ptr, packed, bias?.ptr ?? 0, multiplier, shift, each, Number(isWide(bias, p)), scratch] as const;
  const args = [...head, x.shape[0], ...sizesOf(g), groups, p.yMin, p.yMax] as const;
  return () => wasm.conv_s16(...args);
}

function convS8(heap: Heap, y: HeapTensor, x: HeapTensor, w: HeapTensor, bias: HeapTensor | null, g: Geometry, p: ConvInt): Step {
  const { int8 } = heap;
  const { groups = 1 } = p;
  const { inH, inW, inC, outH, outW, outC, kH, kW, sH, sW, top, left, dH, dW } = g;
  const plan = heap.alloc(int8.conv_packed_s8(inC, outH, outW, outC, kH, kW, dW, groups));
  packing(heap, w, (weights) => {
    const { multiplier, shift, each } = factors(heap, outC, p);
    const head = [plan, weights, bias?.ptr ?? 0, multiplier, shift, each] as const;
    const sizes = [inC, outH, outW, outC, kH, kW, sH, sW, dH, dW, groups] as const;
    int8.conv_pack_s8(...head, ...sizes, p.xOffset, p.yOffset, p.yMin, p.yMax);
  });
  const scratch = heap.scratch(int8.conv_scratch_s8(inH, inW, inC, outH, outW, kH, kW, sH, sW, top, left, dH, dW));
  const args = [y.ptr, x.ptr, plan, scratch, x.shape[0], ...sizesOf(g), groups, p.xOffset] as const;
  return () => int8.conv_s8(...args);
}
