import type { CallOf, Family } from '../../ops/kernel_call.ts';
import type { Call, LayerCode, Parts, Placed } from '../parts.ts';
import { convolveLibrary, denseLibrary, depthwiseLibrary, transposeConvLibrary } from './layers.ts';
import { addLibrary, extremumLibrary, mulLibrary, padLibrary, poolLibrary, softmaxLibrary, svdfLibrary } from './others.ts';

/**
 * A layer as a call of CMSIS-NN's public functions (arm_nnfunctions.h), for those who have that library.
 *
 * Source: CMSIS-NN 99f736a.
 */
type Emitters = { readonly [F in Family]?: (call: CallOf<F, Placed>, parts: Parts, tag: string) => LayerCode | null };

const EMITTERS: Emitters = {
  convolve: convolveLibrary,
  depthwise_conv: depthwiseLibrary,
  fully_connected: denseLibrary,
  transpose_conv: transposeConvLibrary,
  elementwise_add: addLibrary,
  elementwise_mul: mulLibrary,
  minimum: extremumLibrary,
  maximum: extremumLibrary,
  avg_pool: poolLibrary,
  max_pool: poolLibrary,
  softmax: softmaxLibrary,
  svdf: svdfLibrary,
  pad: padLibrary,
};

/** Null where the library has nothing for the call. */
export function libraryLayer(call: Call, parts: Parts, tag: string): LayerCode | null {
  const emit = EMITTERS[call.family] as ((call: Call, parts: Parts, tag: string) => LayerCode | null) | undefined;
  return emit?.(call, parts, tag) ?? null;
}
