import { CompressError } from '../errors.ts';
import { sameShape } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { factors, isWide, packing, type Rescale, type WindowInt } from './rescale.ts';

export interface DepthwiseConvInt extends Rescale, WindowInt {}

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
  const g = geometry(y, x, w, p);
  if (bias) sameShape(bias.shape, [g.outC], 'the bias of a depthwise convolution');
  return x.dtype === 'i16' ? depthwiseConvS16(heap, y, x, w, bias, g, p) : depthwiseConvS8(heap, y, x, w, bias, g, p);
}

function geometry(y: HeapTensor, x: HeapTensor, w: HeapTensor, p: DepthwiseConvInt) {
  const [n, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = y.shape;
  const [, kH, kW, units] = w.shape;
  if (units !== outC || outC % inC) {
    throw new CompressError(
      'shape-mismatch',
      `input has ${inC} channels and output ${outC}, but the weights make ${units}`,
      'prune both sides of this layer together',
    );
  }
  const [sH, sW] = p.stride;
  const [top, left] = p.padding;
  const [dH, dW] = p.dilation ?? [1, 1];
  return { n, inH, inW, inC, outH, outW, outC, kH, kW, sH, sW, top, left, dH, dW };
}

type Geometry = ReturnType<typeof geometry>;

/** The geometry in the order in which both kernels take it. */
const list = (g: Geometry) =>
  [g.n, g.inH, g.inW, g.inC, g.outH, g.outW, g.outC, g.kH, g.kW, g.sH, g.sW, g.top, g.left, g.dH, g.dW] as const;

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
  const args = [...head, ...list(g), p.yMin, p.yMax] as const;
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
  const { wasm } = heap;
  const { outH, outW, outC, kH, kW, sH, sW, dH, dW } = g;
  const plan = heap.alloc(wasm.depthwise_conv_packed_s8(outH, outW, outC, kH, kW));
  packing(heap, w, (weights) => {
    const { multiplier, shift, each } = factors(heap, outC, p);
    const head = [plan, weights, bias?.ptr ?? 0, multiplier, shift, each] as const;
    const sizes = [outH, outW, outC, kH, kW, sH, sW, dH, dW] as const;
    wasm.depthwise_conv_pack_s8(...head, ...sizes, p.xOffset, p.yOffset, p.yMin, p.yMax);
  });
  const scratch = heap.scratch(wasm.depthwise_conv_scratch_s8(outC, outH, outW, kH, kW, sH, sW, dH, dW));
  const args = [y.ptr, x.ptr, plan, scratch, ...list(g), p.xOffset] as const;
  return () => wasm.depthwise_conv_s8(...args);
}
