import { CompressError } from '../errors.ts';
import { allOf, positive, sameShape } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { factors, isWide, packing, type Rescale } from './rescale.ts';

export interface TransposeConvInt extends Rescale {
  /** [h, w], in output pixels from one input pixel to the next. */
  readonly stride: readonly [number, number];
  /** [top, left] output pixels that are cut off before the image. */
  readonly padding: readonly [number, number];
}

/**
 * Int8 or int16 transposed convolution by y's type, y[iy * stride - padding + ky] += x[iy] * w[ky]; equal bit for bit to CMSIS-NN
 * `arm_transpose_conv_s8`, and of int16 to TFLite's reference.
 *
 * @param y    i8 or i16 [n, outH, outW, outC], written by each call of the step
 * @param x    of y's type [n, inH, inW, inC]
 * @param w    i8 or i4 [outC, kH, kW, inC], symmetric (zero point 0); unpacked and packed once, when the step is made
 * @param bias i32 [outC] (of int16 i64 where sums are `wide`) in units of `x.scale * w.scale`, or null
 * @throws CompressError `shape-mismatch` when channels or the numbers of multipliers do not meet
 */
export function transposeConvInt(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  w: HeapTensor,
  bias: HeapTensor | null,
  p: TransposeConvInt,
): Step {
  allOf(['i8', 'i16'], 'a transposed convolution', y, x);
  const [n, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = y.shape;
  const [units, kH, kW, depth] = w.shape;
  if (depth !== inC || units !== outC) {
    throw new CompressError(
      'shape-mismatch',
      `input has ${inC} channels and output ${outC}, but the weights make ${units} from ${depth}`,
      'prune both sides of this layer together',
    );
  }
  if (bias) sameShape(bias.shape, [outC], 'the bias of a transposed convolution');
  const { xOffset, yOffset, yMin, yMax } = p;
  const [sH, sW] = p.stride;
  positive('a transposed convolution', {
    'input channels': inC,
    'output channels': outC,
    'filter rows': kH,
    'filter columns': kW,
  });
  positive('a transposed convolution', { 'rows from place to place': sH, 'columns from place to place': sW });
  const [top, left] = p.padding;
  const moves = [kH, kW, sH, sW, top, left] as const;
  if (x.dtype === 'i16') return transposeConvS16(heap, y, x, w, bias, p);
  const { int8 } = heap;
  const plan = heap.alloc(int8.transpose_conv_packed_s8(inC, outH, outW, outC, ...moves));
  packing(heap, w, (weights) => {
    const { multiplier, shift, each } = factors(heap, outC, p);
    const head = [plan, weights, bias?.ptr ?? 0, multiplier, shift, each] as const;
    int8.transpose_conv_pack_s8(...head, inC, outH, outW, outC, ...moves, xOffset, yOffset, yMin, yMax);
  });
  const scratch = heap.scratch(int8.transpose_conv_scratch_s8(inC, outH, outW, ...moves));
  const args = [y.ptr, x.ptr, plan, scratch, n, inH, inW, inC, outH, outW, outC, ...moves, xOffset] as const;
  return () => int8.transpose_conv_s8(...args);
}

const transposeConvS16: typeof transposeConvInt = (heap, y, x, w, bias, p) => {
  allOf(['i8'], 'a transposed convolution of int16', w);
  const { multiplier, shift, each } = factors(heap, y.shape[3], p);
  const head = [y.ptr, x.ptr, w.ptr, bias?.ptr ?? 0, multiplier, shift, each, Number(isWide(bias, p)), x.shape[0]] as const;
  const sizes = [x.shape[1], x.shape[2], x.shape[3], y.shape[1], y.shape[2], y.shape[3], w.shape[1], w.shape[2]] as const;
  const [sH, sW] = p.stride;
  const [top, left] = p.padding;
  return () => heap.wasm.transpose_conv_s16(...head, ...sizes, sH, sW, top, left, p.yMin, p.yMax);
};
