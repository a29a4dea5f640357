import { CompressError } from '../errors.ts';
import { sameShape } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { packing, type Rescale, type WindowInt } from './rescale.ts';

export interface ConvInt extends Rescale, WindowInt {
  readonly groups?: number;
}

/**
 * Integer convolution, equal bit for bit to CMSIS-NN `arm_convolve_s8`, `_s4`.
 *
 * @param y    i8 [n, outH, outW, outC], written by each call of the step
 * @param x    i8 [n, inH, inW, inC]
 * @param w    i8 or i4 [outC, kH, kW, inC / groups], symmetric (zero point 0); unpacked and packed once, when the step is made
 * @param bias i32 [outC] in units of `x.scale * w.scale`, or null
 * @returns    the step: calling it runs the layer once, on whatever x then holds
 * @throws CompressError `shape-mismatch` when channels or the numbers of multipliers do not meet
 */
export function convInt(heap: Heap, y: HeapTensor, x: HeapTensor, w: HeapTensor, bias: HeapTensor | null, p: ConvInt): Step {
  const { wasm } = heap;
  const [n, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = y.shape;
  const [units, kH, kW, depth] = w.shape;
  const groups = p.groups ?? 1;
  if (depth * groups !== inC || units !== outC || outC % groups) {
    throw new CompressError(
      'shape-mismatch',
      `input has ${inC} channels and output ${outC}, but the weights make ${units} from ${depth * groups}`,
      'prune both sides of this layer together',
    );
  }
  if (bias) sameShape(bias.shape, [outC], 'the bias of a convolution');
  const { stride, padding, dilation = [1, 1], xOffset } = p;
  const [sH, sW] = stride;
  const [top, left] = padding;
  const [dH, dW] = dilation;
  const plan = heap.alloc(wasm.conv_packed_s8(inC, outH, outW, outC, kH, kW, dW, groups));
  packing(heap, w, outC, p, (weights, multiplier, shift, each) =>
    wasm.conv_pack_s8(
      ...[plan, weights, bias?.ptr ?? 0, multiplier, shift, each],
      ...[inC, outH, outW, outC, kH, kW, sH, sW, dH, dW, groups, xOffset, p.yOffset, p.yMin, p.yMax],
    ),
  );
  const scratch = heap.scratch(wasm.conv_scratch_s8(inC, outH, outW, kH, kW, sH, sW, top, left, dH, dW));
  return () =>
    wasm.conv_s8(
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
      groups,
      xOffset,
    );
}
