import type { CallOf, Family, KernelCall, LstmGateParams } from '../ops/kernel_call.ts';
import type { PlacedOperand } from '../ops/op.ts';
import * as activation from '../wasm/activation_int.ts';
import { argExtremum } from '../wasm/arg_extremum.ts';
import { batchMatmulInt } from '../wasm/batch_matmul_int.ts';
import { cast } from '../wasm/cast.ts';
import { concat } from '../wasm/concat.ts';
import { convInt } from '../wasm/conv_int.ts';
import { copy, slice, split, swapLast, transpose } from '../wasm/copy.ts';
import { depthwiseConvInt } from '../wasm/depthwise_conv_int.ts';
import { addInt, maximumInt, minimumInt, mulInt, preluInt, squaredDifferenceInt, subInt } from '../wasm/elementwise_int.ts';
import { fullyConnectedInt } from '../wasm/fully_connected_int.ts';
import type { Heap, Step } from '../wasm/heap.ts';
import { l2NormalizationInt } from '../wasm/l2_normalization.ts';
import { lstmInt } from '../wasm/lstm_int.ts';
import { meanInt } from '../wasm/mean_int.ts';
import { pad } from '../wasm/pad.ts';
import { avgPoolInt, maxPoolInt } from '../wasm/pool_int.ts';
import { reduceExtremum } from '../wasm/reduce_extremum.ts';
import { clampInt, dequantize, quantize, requantizeInt, tableS8 } from '../wasm/requantize_int.ts';
import { resizeBilinearInt, resizeNearest } from '../wasm/resize.ts';
import { logSoftmaxInt, softmaxInt, softmaxS16 } from '../wasm/softmax_int.ts';
import { stream } from '../wasm/stream.ts';
import { svdfInt } from '../wasm/svdf_int.ts';
import { take } from '../wasm/take.ts';
import { transposeConvInt } from '../wasm/transpose_conv_int.ts';

type Placed<F extends Family> = CallOf<F, PlacedOperand>;
type Runners = { readonly [F in Family]: (heap: Heap, call: Placed<F>) => Step };

/** The engine's kernel of each family. */
const RUNNERS: Runners = {
  convolve: (heap, { operands: { x, w, bias, y }, parameters }) => convInt(heap, y, x, w, bias, parameters),
  depthwise_conv: (heap, { operands: { x, w, bias, y }, parameters }) => depthwiseConvInt(heap, y, x, w, bias, parameters),
  transpose_conv: (heap, { operands: { x, w, bias, y }, parameters }) => transposeConvInt(heap, y, x, w, bias, parameters),
  fully_connected: (heap, { operands: { x, w, bias, y }, parameters }) => fullyConnectedInt(heap, y, x, w, bias, parameters),
  batch_matmul: batchMatmul,
  elementwise_add: (heap, { operands: { x1, x2, y }, parameters }) => addInt(heap, y, x1, x2, parameters),
  elementwise_sub: (heap, { operands: { x1, x2, y }, parameters }) => subInt(heap, y, x1, x2, parameters),
  elementwise_mul: (heap, { operands: { x1, x2, y }, parameters }) => mulInt(heap, y, x1, x2, parameters),
  squared_difference: (heap, { operands: { x1, x2, y }, parameters }) => squaredDifferenceInt(heap, y, x1, x2, parameters),
  prelu: (heap, { operands: { x1, x2, y }, parameters }) => preluInt(heap, y, x1, x2, parameters),
  minimum: (heap, { operands: { x1, x2, y } }) => minimumInt(heap, y, x1, x2),
  maximum: (heap, { operands: { x1, x2, y } }) => maximumInt(heap, y, x1, x2),
  avg_pool: (heap, { operands: { x, y }, parameters }) => avgPoolInt(heap, y, x, parameters),
  max_pool: (heap, { operands: { x, y }, parameters }) => maxPoolInt(heap, y, x, parameters),
  mean: (heap, { operands: { x, y }, parameters }) => meanInt(heap, y, x, parameters),
  reduce_extremum: (heap, { operands: { x, y }, parameters }) => reduceExtremum(heap, y, x, parameters),
  softmax: (heap, { form, operands: { x, y }, parameters }) => (form === 's16' ? softmaxS16 : softmaxInt)(heap, y, x, parameters),
  log_softmax: (heap, { operands: { x, y }, parameters }) => logSoftmaxInt(heap, y, x, parameters),
  l2_normalization: (heap, { operands: { x, y }, parameters: { xOffset } }) => l2NormalizationInt(heap, y, x, xOffset),
  arg_extremum: (heap, { operands: { x, y }, parameters }) => argExtremum(heap, y, x, parameters),
  cast: (heap, { operands: { x, y } }) => cast(heap, y, x),
  logistic: (heap, { operands: { x, y }, parameters }) => activation.logisticS8(heap, y, x, parameters),
  tanh: (heap, { operands: { x, y }, parameters }) => activation.tanhS8(heap, y, x, parameters),
  activation: (heap, { operands: { x, y }, parameters }) => activation.activationS16(heap, y, x, parameters),
  hard_swish: (heap, { operands: { x, y }, parameters }) => activation.hardSwishS8(heap, y, x, parameters),
  leaky_relu: (heap, { operands: { x, y }, parameters }) => activation.leakyReluInt(heap, y, x, parameters),
  lookup: (heap, { operands: { x, y }, parameters: { table } }) => tableS8(heap, y, x, table),
  requantize: (heap, { operands: { x, y }, parameters }) => requantizeInt(heap, y, x, parameters),
  quantize: (heap, { operands: { x, y }, parameters }) => quantize(heap, y, x, parameters),
  dequantize: (heap, { operands: { x, y }, parameters }) => dequantize(heap, y, x, parameters),
  clamp: (heap, { operands: { x, y }, parameters: { yMin, yMax } }) => clampInt(heap, y, x, yMin, yMax),
  concatenation: (heap, { operands: { x, y }, parameters: { axis } }) => concat(heap, y, x, axis),
  split: (heap, { operands: { x, y }, parameters: { axis } }) => split(heap, y, x, axis),
  pad: (heap, { operands: { x, y }, parameters: { paddings, value } }) => pad(heap, y, x, paddings, value),
  transpose: (heap, { operands: { x, y }, parameters: { perm } }) => transpose(heap, y, x, perm),
  strided_slice: (heap, { operands: { x, y }, parameters: { begin, strides, counts } }) =>
    slice(heap, y, x, begin, strides, counts),
  take: (heap, { operands: { x, y }, parameters: { places } }) => take(heap, y, x, places),
  stream: (heap, { operands: { x, state, y }, parameters: { axis } }) => stream(heap, y, x, state, axis),
  copy: (heap, { operands: { x, y } }) => copy(heap, y, x),
  resize_nearest: (heap, { operands: { x, y }, parameters }) => resizeNearest(heap, y, x, parameters),
  resize_bilinear: (heap, { operands: { x, y }, parameters }) => resizeBilinearInt(heap, y, x, parameters),
  svdf: (heap, { operands: { x, wFeature, wTime, bias, state, y }, parameters }) =>
    svdfInt(heap, y, x, state, wFeature, wTime, bias, parameters),
  lstm_unidirectional: lstm,
};

/**
 * The step that runs a kernel call on the heap where its operands lie. Weights are packed here, once.
 *
 * @throws CompressError `unsupported` for a form the engine has no kernel of, `shape-mismatch` where operands do not fit
 */
export function stepOf(heap: Heap, call: KernelCall<PlacedOperand>): Step {
  const run = RUNNERS[call.family] as (heap: Heap, call: KernelCall<PlacedOperand>) => Step;
  return run(heap, call);
}

/** Operands that come in the other order are turned first, each into memory of its own. */
function batchMatmul(heap: Heap, { operands: { x1, x2, y }, parameters }: Placed<'batch_matmul'>): Step {
  const left = parameters.adjX ? swapLast(heap, x1) : { x: x1, step: null };
  const right = parameters.adjY ? { x: x2, step: null } : swapLast(heap, x2);
  const product = batchMatmulInt(heap, y, left.x, right.x, parameters);
  return () => {
    left.step?.();
    right.step?.();
    product();
  };
}

function lstm(heap: Heap, { operands: o, parameters }: Placed<'lstm_unidirectional'>): Step {
  const { gates } = parameters;
  const gate = (wInput: PlacedOperand, wHidden: PlacedOperand, bias: PlacedOperand | null, numbers: LstmGateParams) => ({
    wInput,
    wHidden,
    bias,
    ...numbers,
  });
  const operands = {
    input: gate(o.inputX, o.inputH, o.inputBias, gates.input),
    forget: gate(o.forgetX, o.forgetH, o.forgetBias, gates.forget),
    cell: gate(o.cellX, o.cellH, o.cellBias, gates.cell),
    output: gate(o.outputX, o.outputH, o.outputBias, gates.output),
    hiddenState: o.hiddenState,
    cellState: o.cellState,
  };
  return lstmInt(heap, o.y, o.x, operands, parameters);
}
