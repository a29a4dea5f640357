import { CompressError } from '../errors.ts';
import { sameShape } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { packing, type Rescale, type WindowInt } from './rescale.ts';

export interface DepthwiseConvInt extends Rescale, WindowInt {}

/**
 * Integer depthwise convolution, equal bit for bit to CMSIS-NN `arm_depthwise_conv_s8`, `_s4`.
 *
 * @param y    i8 [n, outH, outW, outC], written by each call of the step; channel c * (outC / inC) + m comes from input channel c
 * @param x    i8 [n, inH, inW, inC]
 * @param w    i8 or i4 [1, kH, kW, outC], symmetric (zero point 0); unpacked and packed once, when the step is made
 * @param bias i32 [outC] in units of `x.scale * w.scale`, or null
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
  const { wasm } = heap;
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
  if (bias) sameShape(bias.shape, [outC], 'the bias of a depthwise convolution');
  const { stride, padding, dilation = [1, 1], xOffset } = p;
  const [sH, sW] = stride;
  const [top, left] = padding;
  const [dH, dW] = dilation;
  const plan = heap.alloc(wasm.depthwise_conv_packed_s8(outC, kH, kW));
  packing(heap, w, outC, p, (weights, multiplier, shift, each) =>
    wasm.depthwise_conv_pack_s8(
      ...[plan, weights, bias?.ptr ?? 0, multiplier, shift, each],
      ...[outW, outC, kH, kW, sW, dH, dW, xOffset, p.yOffset, p.yMin, p.yMax],
    ),
  );
  const scratch = heap.scratch(wasm.depthwise_conv_scratch_s8(outC, outH, outW, kH, kW, sH, sW, dH, dW));
  return () =>
    wasm.depthwise_conv_s8(
      y.ptr,
      x.ptr,
      plan,
      scratch,
      n,
      inH,
      inW,
      inC,
      outH,
      outW,
      outC,
      kH,
      kW,
      sH,
      sW,
      top,
      left,
      dH,
      dW,
      xOffset,
    );
}
