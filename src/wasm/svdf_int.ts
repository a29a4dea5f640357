import { sizeOf } from '../graph/graph.ts';
import { allOf, positive, sameShape } from './check.ts';
import type { Heap, HeapTensor, Step } from './heap.ts';

export interface SvdfParams {
  readonly rank: number;
  /** MINUS the zero point of x. */
  readonly xOffset: number;
  readonly yOffset: number;
  /** From x times feature weights to the state. */
  readonly stateMultiplier: number;
  readonly stateShift: number;
  readonly stateMin: number;
  readonly stateMax: number;
  /** From state times time weights to y. */
  readonly yMultiplier: number;
  readonly yShift: number;
  readonly yMin: number;
  readonly yMax: number;
}

/**
 * SVDF, equal bit for bit to CMSIS-NN `arm_svdf_s8` (int8 state) or `arm_svdf_state_s16_s8` (int16 state), by the state's type.
 *
 * @param y        i8 [batch, units]
 * @param x        i8 [batch, size]
 * @param state    i8 or i16 [batch, features * time], oldest first; changed by each call
 * @param wFeature i8 [features, size]
 * @param wTime    of the state's type, [features, time]
 * @param bias     i32 [units] or null
 */
export function svdfInt(
  heap: Heap,
  y: HeapTensor,
  x: HeapTensor,
  state: HeapTensor,
  wFeature: HeapTensor,
  wTime: HeapTensor,
  bias: HeapTensor | null,
  q: SvdfParams,
): Step {
  allOf(['i8'], 'SVDF', y, x, wFeature);
  allOf(['i8', 'i16'], 'SVDF', state, wTime);
  const sizes = svdfSizes({ y, x, state, wFeature, wTime }, q.rank);
  const kernel = state.dtype === 'i16' ? heap.wasm.svdf_state_s16_s8 : heap.wasm.svdf_s8;
  const { xOffset, yOffset, stateMultiplier, stateShift, stateMin, stateMax, yMultiplier, yShift, yMin, yMax } = q;
  const tensors = [y.ptr, x.ptr, state.ptr, wFeature.ptr, wTime.ptr, bias?.ptr ?? 0] as const;
  const scales = [stateMultiplier, stateShift, stateMin, stateMax, yMultiplier, yShift, yMin, yMax] as const;
  const args = [...tensors, ...sizes, xOffset, yOffset, ...scales] as const;
  return () => kernel(...args);
}

/** Batch, inputs, feature filters, time steps and rank, of whichever type the operands are. @throws CompressError `shape-mismatch` */
export function svdfSizes(
  { y, x, state, wFeature, wTime }: Readonly<Record<'y' | 'x' | 'state' | 'wFeature' | 'wTime', HeapTensor>>,
  rank: number,
): readonly [number, number, number, number, number] {
  const [batch, size] = x.shape;
  const [features, time] = wTime.shape;
  positive('an SVDF', { inputs: size, 'feature filters': features, 'time steps': time, rank });
  sameShape(wFeature.shape, [features, size], 'the feature weights of an SVDF');
  sameShape(y.shape, [batch, Math.floor(features / rank)], 'the output of an SVDF');
  sameShape([sizeOf(state.shape)], [batch * features * time], 'the state of an SVDF');
  return [batch, size, features, time, rank];
}
