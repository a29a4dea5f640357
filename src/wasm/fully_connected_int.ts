import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { positive, sameShape } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';
import { factors, isWide, packing, type Rescale } from './rescale.ts';

export interface FullyConnectedInt extends Rescale {
  /** MINUS the zero point of w, in steps of w. Default 0. */
  readonly wOffset?: number;
}

/**
 * Integer dense layer, equal bit for bit to CMSIS-NN `arm_fully_connected_s8` (one scale), `_per_channel_s8`, `_s4`, `_s16`.
 *
 * @param y    [.., units] of x's type, written by each call of the step
 * @param x    i8 or i16 (zero point 0), read as [batch, depth]
 * @param w    i8 or i4 [units, depth]; unpacked and packed once, when the step is made
 * @param bias i32 (beside i16 also i64) [units] in units of `x.scale * w.scale`, or null
 * @throws CompressError `shape-mismatch` when the depths or the numbers of multipliers do not meet
 */
export function fullyConnectedInt(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  w: HeapTensor,
  bias: HeapTensor | null,
  p: FullyConnectedInt,
): Step {
  const { wasm } = heap;
  const [units, depth] = w.shape;
  positive('a dense layer', { 'features to read': depth, units });
  const batch = sizeOf(x.shape) / depth;
  if (!Number.isInteger(batch) || batch * units !== sizeOf(y.shape)) {
    throw new CompressError(
      'shape-mismatch',
      `an input of ${sizeOf(x.shape)} values and weights for ${depth} features do not make an output of ${sizeOf(y.shape)}`,
      `give an input of [n, ${depth}] and an output of [n, ${units}]`,
    );
  }
  if (bias) sameShape(bias.shape, [units], 'the bias of a dense layer');
  const { xOffset, wOffset = 0, yOffset, yMin, yMax } = p;
  const b = bias?.ptr ?? 0;
  if (x.dtype === 'i16') {
    const packed = heap.alloc(wasm.fully_connected_packed_s16(depth, units));
    packing(heap, w, (weights) => wasm.fully_connected_pack_s16(packed, weights, depth, units));
    const { multiplier, shift, each } = factors(heap, units, p);
    const head = [y.ptr, x.ptr, packed, b, multiplier, shift, each, Number(isWide(bias, p)), heap.scratch(64)] as const;
    const args = [...head, batch, depth, units, yMin, yMax] as const;
    return () => wasm.fully_connected_s16(...args);
  }
  // Weights with an offset may have nine bits.
  const int8 = wOffset ? wasm : heap.int8;
  const plan = heap.alloc(int8.fully_connected_packed_s8(depth, units));
  packing(heap, w, (weights) => {
    const { multiplier, shift, each } = factors(heap, units, p);
    int8.fully_connected_pack_s8(plan, weights, b, multiplier, shift, each, depth, units, xOffset, wOffset, yOffset, yMin, yMax);
  });
  const args = [y.ptr, x.ptr, plan, heap.scratch(int8.fully_connected_scratch_s8(depth)), batch, depth, units, xOffset] as const;
  return () => int8.fully_connected_s8(...args);
}
