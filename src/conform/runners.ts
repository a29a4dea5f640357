import type { DType } from '../graph/graph.ts';
import { activationS16, powerOfTwoInput } from '../wasm/activation_int.ts';
import { batchMatmulInt } from '../wasm/batch_matmul_int.ts';
import { concat } from '../wasm/concat.ts';
import { transpose } from '../wasm/copy.ts';
import { addInt, maximumInt, minimumInt, mulInt } from '../wasm/elementwise_int.ts';
import type { HeapTensor, Step } from '../wasm/heap.ts';
import { pad } from '../wasm/pad.ts';
import { avgPoolInt, maxPoolInt } from '../wasm/pool_int.ts';
import { clampInt } from '../wasm/requantize_int.ts';
import { softmaxInt, softmaxS16 } from '../wasm/softmax_int.ts';
import { MalformedCase, Reader, type Results, type Runner } from './case.ts';
import { convolution, depthwiseConvolution, fullyConnected, transposeConvolution } from './convolution.ts';
import { PRIMITIVES } from './primitives.ts';
import { lstm, svdf } from './recurrent.ts';

/** Runs a step that writes one tensor of `shape`. */
function one(c: Reader, dtype: DType, shape: readonly number[], step: (y: HeapTensor) => Step): Results {
  const y = c.heap.tensor(dtype, shape);
  step(y)();
  return { output: c.heap.read(y) };
}

const activation = (p: Reader) => {
  const range = p.in('activation');
  return { yMin: range.number('min'), yMax: range.number('max') };
};

const pool =
  (dtype: DType, step: typeof avgPoolInt): Runner =>
  (c) => {
    const p = c.in('params');
    const q = { filter: p.pair('filter'), stride: p.pair('stride'), padding: p.pair('padding'), ...activation(p) };
    return one(c, dtype, p.list('output_shape'), (y) => step(c.heap, y, c.tensor('input'), q));
  };

const add =
  (dtype: DType): Runner =>
  (c) => {
    const p = c.in('params');
    const [x1, x2] = [c.tensor('input_1'), c.tensor('input_2')];
    const q = {
      x1Offset: p.number('input_1_offset'),
      x1Multiplier: p.number('input_1_mult'),
      x1Shift: p.number('input_1_shift'),
      x2Offset: p.number('input_2_offset'),
      x2Multiplier: p.number('input_2_mult'),
      x2Shift: p.number('input_2_shift'),
      leftShift: p.number('left_shift'),
      yOffset: p.number('out_offset'),
      yMultiplier: p.number('out_mult'),
      yShift: p.number('out_shift'),
      yMin: p.number('out_activation_min'),
      yMax: p.number('out_activation_max'),
    };
    return one(c, dtype, x1.shape, (y) => addInt(c.heap, y, x1, x2, q));
  };

const mul =
  (dtype: DType): Runner =>
  (c) => {
    const p = c.in('params');
    const [x1, x2] = [c.tensor('input_1'), c.tensor('input_2')];
    const q = {
      x1Offset: p.number('input_1_offset'),
      x2Offset: p.number('input_2_offset'),
      yOffset: p.number('out_offset'),
      multiplier: p.number('out_mult'),
      shift: p.number('out_shift'),
      yMin: p.number('out_activation_min'),
      yMax: p.number('out_activation_max'),
    };
    return one(c, dtype, x1.shape, (y) => mulInt(c.heap, y, x1, x2, q));
  };

const extremum =
  (step: typeof minimumInt): Runner =>
  (c) =>
    one(c, 'i8', c.in('params').list('output_shape'), (y) => step(c.heap, y, c.tensor('input_1'), c.tensor('input_2')));

const softmax =
  (dtype: DType): Runner =>
  (c) => {
    const p = c.in('params');
    const x = c.tensor('input');
    const view = { ...x, shape: [p.number('num_rows'), p.number('row_size')] };
    const q = { multiplier: p.number('mult'), shift: p.number('shift'), diffMin: p.number('diff_min') };
    return one(c, dtype, x.shape, (y) => softmaxInt(c.heap, y, view, q));
  };

const clamp =
  (lo: number, hi: number): Runner =>
  (c) => {
    const x = c.tensor('input');
    return one(c, x.dtype, x.shape, (y) => clampInt(c.heap, y, x, lo, hi));
  };

const batchMatmul =
  (dtype: DType): Runner =>
  (c) => {
    const p = c.in('params');
    const q = {
      aOffset: p.number('input_offset'),
      bOffset: p.number('filter_offset'),
      yOffset: p.number('output_offset'),
      multiplier: p.number('multiplier'),
      shift: p.number('shift'),
      ...activation(p),
    };
    return one(c, dtype, p.list('output_shape'), (y) =>
      batchMatmulInt(c.heap, y, c.tensor('input_lhs'), c.tensor('input_rhs'), q),
    );
  };

/** One runner for each operator family of the golden files. */
export const RUNNERS: Readonly<Record<string, Runner>> = {
  convolve_s8: convolution,
  convolve_s4: convolution,
  depthwise_conv_s8: depthwiseConvolution,
  depthwise_conv_s4: depthwiseConvolution,
  fully_connected_s8: fullyConnected,
  fully_connected_s4: fullyConnected,
  convolve_s16: convolution,
  depthwise_conv_s16: depthwiseConvolution,
  fully_connected_s16: fullyConnected,
  transpose_conv_s8: transposeConvolution,
  avg_pool_s8: pool('i8', avgPoolInt),
  avg_pool_s16: pool('i16', avgPoolInt),
  max_pool_s8: pool('i8', maxPoolInt),
  max_pool_s16: pool('i16', maxPoolInt),
  elementwise_add_s8: add('i8'),
  elementwise_add_s16: add('i16'),
  elementwise_mul_s8: mul('i8'),
  elementwise_mul_s16: mul('i16'),
  minimum_s8: extremum(minimumInt),
  maximum_s8: extremum(maximumInt),
  softmax_s8: softmax('i8'),
  softmax_u8: softmax('u8'),
  softmax_s8_s16: softmax('i16'),
  batch_matmul_s8: batchMatmul('i8'),
  batch_matmul_s16: batchMatmul('i16'),
  svdf_s8: svdf,
  svdf_state_s16_s8: svdf,
  lstm_unidirectional_s8: lstm,
  lstm_unidirectional_s16: lstm,
  ...PRIMITIVES,
  relu6_s8: clamp(0, 6),
  relu_q7: clamp(0, 127),
  relu_q15: clamp(0, 32767),

  softmax_s16(c) {
    const p = c.in('params');
    const x = c.tensor('input');
    const view = { ...x, shape: [p.number('num_rows'), p.number('row_size')] };
    const q = { multiplier: p.number('mult'), shift: p.number('shift') };
    return one(c, 'i16', x.shape, (y) => softmaxS16(c.heap, y, view, q));
  },

  activation_s16(c) {
    const p = c.in('params');
    const x = c.tensor('input');
    const type = p.text('type');
    if (type !== 'sigmoid' && type !== 'tanh') throw new MalformedCase(`params.type is "${type}", not sigmoid or tanh`);
    return one(c, 'i16', x.shape, (y) => activationS16(c.heap, y, x, { type, ...powerOfTwoInput(p.number('left_shift')) }));
  },

  pad_s8(c) {
    const p = c.in('params');
    const [before, after] = [p.dims('pre_pad'), p.dims('post_pad')];
    const x = c.tensor('input');
    const shape = x.shape.map((d, i) => d + before[i] + after[i]);
    const sides = before.map((b, i) => [b, after[i]] as const);
    return one(c, 'i8', shape, (y) => pad(c.heap, y, x, sides, p.number('pad_value')));
  },

  concatenation_s8(c) {
    const inputs = c.fields.inputs;
    if (!Array.isArray(inputs) || inputs.length === 0) throw new MalformedCase('inputs is not a list of tensors');
    const axis = c.in('params').number('axis');
    const parts = new Reader(c.heap, Object.fromEntries(inputs.entries()), 'inputs.');
    const xs = inputs.map((_, i) => parts.tensor(String(i)));
    const total = xs.reduce((n, x) => n + x.shape[axis], 0);
    return one(c, 'i8', xs[0].shape.with(axis, total), (y) => concat(c.heap, y, xs, axis));
  },

  transpose_s8(c) {
    const p = c.in('params');
    const perm = p.list('permutations').slice(0, p.number('num_dims'));
    const x = c.tensor('input');
    const view = { ...x, shape: p.list('input_dims').slice(0, perm.length) };
    const shape = perm.map((axis) => view.shape[axis]);
    return one(c, 'i8', shape, (y) => transpose(c.heap, y, view, perm));
  },
};
