import type { CallOf, Family } from '../ops/kernel_call.ts';
import { libraryLayer } from './cmsis_nn/index.ts';
import { convolve } from './convolve.ts';
import { dense } from './dense.ts';
import { depthwise } from './depthwise.ts';
import { addOrSubtract } from './elementwise.ts';
import { type Call, type LayerCode, type Parts, type Placed, type Trade, USUAL_TRADE } from './parts.ts';
import { argExtremumPlain, castPlain } from './plain/counted.ts';
import { binaryPlain } from './plain/elementwise.ts';
import { l2NormalizationPlain } from './plain/l2_normalization.ts';
import { logSoftmaxPlain } from './plain/log_softmax.ts';
import { lstmPlain } from './plain/lstm.ts';
import { batchMatmulPlain } from './plain/matmul.ts';
import { meanPlain, reduceExtremumPlain } from './plain/mean.ts';
import {
  concatPlain,
  copyPlain,
  padPlain,
  resizeNearestPlain,
  slicePlain,
  splitPlain,
  streamPlain,
  takePlain,
  transposePlain,
} from './plain/moves.ts';
import { resizeBilinearPlain } from './plain/resize_bilinear.ts';
import { softmaxPlain } from './plain/softmax.ts';
import { svdfPlain } from './plain/svdf.ts';
import { transposeConvPlain } from './plain/transpose_conv.ts';
import { unaryPlain } from './plain/unary.ts';
import { pool } from './pool.ts';
import { asBytes } from './widened.ts';

/** A family's code for a call. `tag` begins the names of the layer's tables. */
type Emitters = { readonly [F in Family]: (call: CallOf<F, Placed>, parts: Parts, tag: string) => LayerCode };

const EMITTERS: Emitters = {
  convolve,
  depthwise_conv: depthwise,
  transpose_conv: transposeConvPlain,
  fully_connected: dense,
  batch_matmul: batchMatmulPlain,
  elementwise_add: addOrSubtract,
  elementwise_sub: addOrSubtract,
  elementwise_mul: binaryPlain,
  squared_difference: binaryPlain,
  prelu: binaryPlain,
  minimum: binaryPlain,
  maximum: binaryPlain,
  avg_pool: pool,
  max_pool: pool,
  mean: meanPlain,
  reduce_extremum: reduceExtremumPlain,
  softmax: softmaxPlain,
  log_softmax: logSoftmaxPlain,
  l2_normalization: l2NormalizationPlain,
  arg_extremum: argExtremumPlain,
  cast: castPlain,
  logistic: unaryPlain,
  tanh: unaryPlain,
  activation: unaryPlain,
  hard_swish: unaryPlain,
  leaky_relu: unaryPlain,
  requantize: unaryPlain,
  quantize: unaryPlain,
  dequantize: unaryPlain,
  clamp: unaryPlain,
  lookup: unaryPlain,
  concatenation: concatPlain,
  split: splitPlain,
  pad: padPlain,
  transpose: transposePlain,
  strided_slice: slicePlain,
  take: takePlain,
  stream: streamPlain,
  copy: copyPlain,
  resize_nearest: resizeNearestPlain,
  resize_bilinear: resizeBilinearPlain,
  svdf: svdfPlain,
  lstm_unidirectional: lstmPlain,
};

/** The call whose kernel runs: by default that of 8 bits stands for weights of 4, and always for the few of a depthwise layer. */
export const asEmitted = (call: Call, trade: Trade = USUAL_TRADE): Call =>
  call.form === 's4' && (trade !== 'flash' || call.family === 'depthwise_conv') ? asBytes(call) : call;

export function emitLayer(given: Call, parts: Parts, tag: string): LayerCode {
  if (parts.kernels === 'cmsis-nn') {
    return libraryLayer(given, parts, tag) ?? { ...emitOwn(given, parts, tag), notes: [OWN] };
  }
  return emitOwn(given, parts, tag);
}

const OWN = 'CMSIS-NN has no function for it: plain C stands here';

function emitOwn(given: Call, parts: Parts, tag: string): LayerCode {
  const call = asEmitted(given, parts.trade);
  const emit = EMITTERS[call.family] as (call: Call, parts: Parts, tag: string) => LayerCode;
  return emit(call, parts, tag);
}
