import { CompressError } from '../errors.ts';
import { abs } from './abs.ts';
import { add } from './add.ts';
import { argMax } from './arg_max.ts';
import { argMin } from './arg_min.ts';
import { avgPool2d } from './avg_pool2d.ts';
import { batchMatmul } from './batch_matmul.ts';
import { batchNorm } from './batch_norm.ts';
import { cast } from './cast.ts';
import { concat } from './concat.ts';
import { conv2d } from './conv2d.ts';
import { depthToSpace } from './depth_to_space.ts';
import { depthwiseConv2d } from './depthwise_conv2d.ts';
import { dequantize } from './dequantize.ts';
import { div } from './div.ts';
import { dropout } from './dropout.ts';
import { elu } from './elu.ts';
import { exp } from './exp.ts';
import { fakeQuantize } from './fake_quantize.ts';
import { fullyConnected } from './fully_connected.ts';
import { gather } from './gather.ts';
import { gelu } from './gelu.ts';
import { hardSwish } from './hard_swish.ts';
import { l2Normalize } from './l2_normalize.ts';
import { leakyRelu } from './leaky_relu.ts';
import { logSoftmax } from './log_softmax.ts';
import { logistic } from './logistic.ts';
import { lstm } from './lstm.ts';
import { maxPool2d } from './max_pool2d.ts';
import { maximum } from './maximum.ts';
import { mean } from './mean.ts';
import { minimum } from './minimum.ts';
import { mirrorPad } from './mirror_pad.ts';
import { mul } from './mul.ts';
import type { AnyRow } from './op.ts';
import { pack } from './pack.ts';
import { pad } from './pad.ts';
import { prelu } from './prelu.ts';
import { quantize } from './quantize.ts';
import { reduceMax } from './reduce_max.ts';
import { reduceMin } from './reduce_min.ts';
import { relu } from './relu.ts';
import { reluN1 } from './relu_n1.ts';
import { relu6 } from './relu6.ts';
import { reshape } from './reshape.ts';
import { resizeBilinear } from './resize_bilinear.ts';
import { resizeNearest } from './resize_nearest.ts';
import { rsqrt } from './rsqrt.ts';
import { softmax } from './softmax.ts';
import { spaceToDepth } from './space_to_depth.ts';
import { split } from './split.ts';
import { sqrt } from './sqrt.ts';
import { squaredDifference } from './squared_difference.ts';
import { stream } from './stream.ts';
import { stridedSlice } from './strided_slice.ts';
import { sub } from './sub.ts';
import { sum } from './sum.ts';
import { svdf } from './svdf.ts';
import { tanh } from './tanh.ts';
import { tile } from './tile.ts';
import { transpose } from './transpose.ts';
import { transposeConv2d } from './transpose_conv2d.ts';
import { unpack } from './unpack.ts';

export type { Cost } from './cost.ts';
export type * from './dims.ts';
export type { CallOf, Family, KernelCall, Operand } from './kernel_call.ts';
export type * from './op.ts';
export type * from './op_onnx.ts';
export type * from './op_tflite.ts';

/** The table: one line per operator. */
export const OPS: Readonly<Record<string, AnyRow>> = {
  conv2d,
  depthwiseConv2d,
  transposeConv2d,
  fullyConnected,
  batchMatmul,
  avgPool2d,
  maxPool2d,
  mean,
  sum,
  reduceMax,
  reduceMin,
  add,
  sub,
  mul,
  div,
  squaredDifference,
  minimum,
  maximum,
  concat,
  split,
  pack,
  unpack,
  pad,
  mirrorPad,
  tile,
  gather,
  depthToSpace,
  spaceToDepth,
  reshape,
  transpose,
  stridedSlice,
  relu,
  relu6,
  reluN1,
  leakyRelu,
  prelu,
  softmax,
  logSoftmax,
  l2Normalize,
  argMax,
  argMin,
  cast,
  logistic,
  tanh,
  hardSwish,
  elu,
  gelu,
  abs,
  sqrt,
  rsqrt,
  exp,
  batchNorm,
  quantize,
  dequantize,
  resizeNearest,
  resizeBilinear,
  svdf,
  stream,
  lstm,
  dropout,
  fakeQuantize,
};

/** The row of an operator kind. */
export function rowOf(op: string): AnyRow {
  const row = OPS[op];
  if (!row) {
    throw new CompressError('unsupported', `operator "${op}" is not known`, `supported are ${Object.keys(OPS).join(', ')}`);
  }
  return row;
}
