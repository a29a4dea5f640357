import { type DType, sizeOf } from '../graph/graph.ts';
import { layerForm, moveForm, plainForm } from '../ops/forms.ts';
import { type KernelCall, kernelCall } from '../ops/kernel_call.ts';
import { powerOfTwoInput } from '../wasm/activation_int.ts';
import { MalformedCase, Reader } from './case.ts';
import { lstm, svdf } from './recurrent_calls.ts';

/** Golden cases as kernel calls, whose operands are on the case reader's heap. */

/** The kernel call that a case asks for. */
export type CallMaker = (c: Reader) => KernelCall;

const clampOf = (p: Reader) => {
  const range = p.in('activation');
  return { yMin: range.number('min'), yMax: range.number('max') };
};

const windowOf = (p: Reader) => ({ stride: p.pair('stride'), padding: p.pair('padding'), dilation: p.pair('dilation') });

/** Operands of a layer; y of `shape`, or as the case says. */
function layerOf(c: Reader, shape = c.in('params').list('output_shape')) {
  const x = c.tensor('input');
  return { x, w: c.tensor('weights'), bias: c.optional('bias'), y: c.output(x.dtype, shape) };
}

/** Offsets, multipliers and clamp as the golden files name them. */
function rescaleOf({ x, bias }: ReturnType<typeof layerOf>, p: Reader) {
  const stated = p.has('bias_dtype') ? p.text('bias_dtype') : bias?.dtype === 'i32' ? 'int32' : 'int64';
  return {
    xOffset: p.number('input_offset'),
    yOffset: p.number('output_offset'),
    multiplier: p.list('multiplier'),
    shift: p.list('shift'),
    ...clampOf(p),
    wide: x.dtype === 'i16' && stated === 'int64',
  };
}

const convolve: CallMaker = (c) => {
  const p = c.in('params');
  const o = layerOf(c);
  const groups = p.has('groups') ? p.number('groups') : 1;
  return kernelCall('convolve', layerForm('the case', o.x, o.w, o.y), o, { ...rescaleOf(o, p), ...windowOf(p), groups });
};

const depthwiseConv: CallMaker = (c) => {
  const p = c.in('params');
  const o = layerOf(c);
  return kernelCall('depthwise_conv', layerForm('the case', o.x, o.w, o.y), o, { ...rescaleOf(o, p), ...windowOf(p) });
};

const transposeConv: CallMaker = (c) => {
  const p = c.in('params');
  const o = layerOf(c);
  const { stride, padding } = windowOf(p);
  return kernelCall('transpose_conv', layerForm('the case', o.x, o.w, o.y), o, { ...rescaleOf(o, p), stride, padding });
};

const fullyConnected: CallMaker = (c) => {
  const p = c.in('params');
  const [units, depth] = c.decode('weights').shape;
  const o = layerOf(c, [depth ? sizeOf(c.decode('input').shape) / depth : 0, units]);
  const wOffset = p.number('filter_offset');
  return kernelCall('fully_connected', layerForm('the case', o.x, o.w, o.y), o, { ...rescaleOf(o, p), wOffset });
};

const pool =
  (family: 'avg_pool' | 'max_pool'): CallMaker =>
  (c) => {
    const p = c.in('params');
    const x = c.tensor('input');
    const y = c.output(x.dtype, p.list('output_shape'));
    const window = { filter: p.pair('filter'), stride: p.pair('stride'), padding: p.pair('padding') };
    return kernelCall(family, plainForm('the case', x), { x, y }, { ...window, ...clampOf(p) });
  };

/** Two inputs; y of the first one's shape, or as the case says. */
function pairOf(c: Reader, shape: readonly number[] = c.decode('input_1').shape) {
  const x1 = c.tensor('input_1');
  return { x1, x2: c.tensor('input_2'), y: c.output(x1.dtype, shape) };
}

const add: CallMaker = (c) => {
  const p = c.in('params');
  const o = pairOf(c);
  return kernelCall('elementwise_add', plainForm('the case', o.x1, o.x2), o, {
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
  });
};

const mul: CallMaker = (c) => {
  const p = c.in('params');
  const o = pairOf(c);
  return kernelCall('elementwise_mul', plainForm('the case', o.x1, o.x2), o, {
    x1Offset: p.number('input_1_offset'),
    x2Offset: p.number('input_2_offset'),
    yOffset: p.number('out_offset'),
    multiplier: p.number('out_mult'),
    shift: p.number('out_shift'),
    yMin: p.number('out_activation_min'),
    yMax: p.number('out_activation_max'),
  });
};

const extremum =
  (family: 'minimum' | 'maximum'): CallMaker =>
  (c) => {
    const o = pairOf(c, c.in('params').list('output_shape'));
    return kernelCall(family, plainForm('the case', o.x1, o.x2), o, {});
  };

/** Rows one after another, for any shape of the input. */
const softmax =
  (form: 's8' | 'u8' | 's8_s16' | 's16', dtype: DType): CallMaker =>
  (c) => {
    const p = c.in('params');
    const x = { ...c.tensor('input'), shape: [p.number('num_rows'), p.number('row_size')] };
    const scale = { multiplier: p.number('mult'), shift: p.number('shift') };
    const diffMin = form === 's16' ? -65535 : p.number('diff_min');
    return kernelCall('softmax', form, { x, y: c.output(dtype, x.shape) }, { ...scale, diffMin });
  };

const clamp =
  (yMin: number, yMax: number): CallMaker =>
  (c) => {
    const x = c.tensor('input');
    return kernelCall('clamp', plainForm('the case', x), { x, y: c.output(x.dtype, x.shape) }, { yMin, yMax });
  };

const batchMatmul: CallMaker = (c) => {
  const p = c.in('params');
  const [x1, x2] = [c.tensor('input_lhs'), c.tensor('input_rhs')];
  const y = c.output(x1.dtype, p.list('output_shape'));
  return kernelCall(
    'batch_matmul',
    plainForm('the case', x1, x2),
    { x1, x2, y },
    {
      adjX: false,
      adjY: true,
      aOffset: p.number('input_offset'),
      bOffset: p.number('filter_offset'),
      yOffset: p.number('output_offset'),
      multiplier: p.number('multiplier'),
      shift: p.number('shift'),
      ...clampOf(p),
    },
  );
};

const activation: CallMaker = (c) => {
  const p = c.in('params');
  const x = c.tensor('input');
  const type = p.text('type');
  if (type !== 'sigmoid' && type !== 'tanh') throw new MalformedCase(`params.type is "${type}", not sigmoid or tanh`);
  const operands = { x, y: c.output('i16', x.shape) };
  return kernelCall('activation', 's16', operands, { type, ...powerOfTwoInput(p.number('left_shift')) });
};

const pad: CallMaker = (c) => {
  const p = c.in('params');
  const [before, after] = [p.dims('pre_pad'), p.dims('post_pad')];
  const x = c.tensor('input');
  const paddings = before.map((b, i) => [b, after[i]] as const);
  const y = c.output(
    x.dtype,
    x.shape.map((d, i) => d + before[i] + after[i]),
  );
  return kernelCall('pad', moveForm('the case', x), { x, y }, { paddings, value: p.number('pad_value') });
};

const concatenation: CallMaker = (c) => {
  const inputs = c.fields.inputs;
  if (!Array.isArray(inputs) || inputs.length === 0) throw new MalformedCase('inputs is not a list of tensors');
  const axis = c.in('params').number('axis');
  const parts = new Reader(c.heap, Object.fromEntries(inputs.entries()), 'inputs.');
  const x = inputs.map((_, i) => parts.tensor(String(i)));
  const total = x.reduce((n, part) => n + part.shape[axis], 0);
  const y = c.output(x[0].dtype, x[0].shape.with(axis, total));
  return kernelCall('concatenation', moveForm('the case', ...x), { x, y }, { axis });
};

const transpose: CallMaker = (c) => {
  const p = c.in('params');
  const perm = p.list('permutations').slice(0, p.number('num_dims'));
  const x = { ...c.tensor('input'), shape: p.list('input_dims').slice(0, perm.length) };
  const y = c.output(
    x.dtype,
    perm.map((axis) => x.shape[axis]),
  );
  return kernelCall('transpose', moveForm('the case', x), { x, y }, { perm });
};

/** By the operator family of the golden files. */
export const CALLS: Readonly<Record<string, CallMaker>> = {
  convolve_s8: convolve,
  convolve_s4: convolve,
  convolve_s16: convolve,
  depthwise_conv_s8: depthwiseConv,
  depthwise_conv_s4: depthwiseConv,
  depthwise_conv_s16: depthwiseConv,
  transpose_conv_s8: transposeConv,
  fully_connected_s8: fullyConnected,
  fully_connected_s4: fullyConnected,
  fully_connected_s16: fullyConnected,
  batch_matmul_s8: batchMatmul,
  batch_matmul_s16: batchMatmul,
  avg_pool_s8: pool('avg_pool'),
  avg_pool_s16: pool('avg_pool'),
  max_pool_s8: pool('max_pool'),
  max_pool_s16: pool('max_pool'),
  elementwise_add_s8: add,
  elementwise_add_s16: add,
  elementwise_mul_s8: mul,
  elementwise_mul_s16: mul,
  minimum_s8: extremum('minimum'),
  maximum_s8: extremum('maximum'),
  softmax_s8: softmax('s8', 'i8'),
  softmax_u8: softmax('u8', 'u8'),
  softmax_s8_s16: softmax('s8_s16', 'i16'),
  softmax_s16: softmax('s16', 'i16'),
  relu6_s8: clamp(0, 6),
  relu_q7: clamp(0, 127),
  relu_q15: clamp(0, 32767),
  activation_s16: activation,
  pad_s8: pad,
  concatenation_s8: concatenation,
  transpose_s8: transpose,
  svdf_s8: svdf,
  svdf_state_s16_s8: svdf,
  lstm_unidirectional_s8: lstm,
  lstm_unidirectional_s16: lstm,
};
