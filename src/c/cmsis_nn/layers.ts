import { sizeOf } from '../../graph/graph.ts';
import { packInt4 } from '../../graph/int4.ts';
import { costOfCall } from '../../ops/cost.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { unitsOf } from '../geometry.ts';
import type { Argument, LayerCode, Parts, Placed } from '../parts.ts';
import { asBytes } from '../widened.ts';
import {
  biasTable,
  clampOf,
  contextOf,
  dims,
  type LibraryCall,
  libraryCall,
  outAndIn,
  perChannel,
  perChannelTables,
  tile,
} from './call.ts';

/** Layers with weights. Null: the library has no function for the form. */

type Weighted = CallOf<'convolve' | 'depthwise_conv' | 'fully_connected' | 'transpose_conv', Placed>;

/** Weights in the order of the file, those of 4 bits two to a byte. */
function weightTable(call: Weighted, parts: Parts, tag: string): Argument {
  const data = call.operands.w.data as Int8Array;
  return parts.table(`${tag}_weights`, 'int8_t', call.form === 's4' ? Int8Array.from(packInt4(data)) : data);
}

/** y, x and weights. */
const tensorsOf = (call: Weighted, parts: Parts, tag: string): LibraryCall['given'] => [
  ...outAndIn(parts, call.operands),
  ['const int8_t *weights', weightTable(call, parts, tag)],
];

const scratchOf = (call: Weighted, parts: Parts): number => costOfCall(call, parts.kind).scratchBytes;

/** The bias as a parameter, and what the library is given for it: layers that sum in 64 bits take `NULL` where there is none. */
interface Bias {
  readonly given: readonly (readonly [string, Argument])[];
  readonly text: string;
}

function biasParameter(call: Weighted, parts: Parts, tag: string, units: number, wide: boolean): Bias {
  const { bias } = call.operands;
  if (!wide) return { given: [['const int32_t *bias', biasTable(parts, tag, bias, units)]], text: 'bias' };
  if (!bias) return { given: [], text: 'NULL' };
  return { given: [['const int64_t *bias', parts.table(`${tag}_bias`, 'int64_t', bias.data as BigInt64Array)]], text: 'bias' };
}

/** Shapes of a layer with windows. */
const windowDims = (call: Weighted, filter: readonly number[], units: number): string[] => [
  dims('input', call.operands.x.shape),
  dims('filter', filter),
  dims('output', call.operands.y.shape),
  dims('biases', [1, 1, 1, units]),
];

export function convolveLibrary(call: CallOf<'convolve', Placed>, parts: Parts, tag: string): LayerCode | null {
  const { form, operands, parameters: p } = call;
  if (form !== 's8' && p.groups !== 1) return null;
  const units = unitsOf(call);
  const [, kH, kW, depth] = operands.w.shape;
  const scratchBytes = scratchOf(call, parts);
  const wide = form === 's16' && p.wide;
  const bias = biasParameter(call, parts, tag, units, wide);
  const name = `arm_convolve_wrapper_${form}`;
  const biasText = form === 's16' ? '&bias_data' : 'bias';
  return libraryCall(parts, {
    name: 'convolve',
    given: [...tensorsOf(call, parts, tag), ...bias.given, ...perChannelTables(parts, tag, p, units)],
    structures: [
      ...windowDims(call, [units, kH, kW, depth], units),
      `const cmsis_nn_conv_params params = {
        .input_offset = ${p.xOffset}, .output_offset = ${p.yOffset}, .stride = ${tile(p.stride)}, .padding = ${tile(p.padding)},
        .dilation = ${tile(p.dilation)}, .activation = ${clampOf(p)}};`,
      ...(form === 's16' ? [`const cmsis_nn_bias_data bias_data = {.data = ${bias.text}, .is_int32_bias = ${!wide}};`] : []),
      perChannel('cmsis_nn_per_channel_quant_params'),
      contextOf('scratch_context', scratchBytes),
    ],
    body: `(void)${name}(&scratch_context, &params, &quantization, &input, x, &filter, weights, &biases, ${biasText}, &output, y);`,
    scratchBytes,
    asks: `${name}_get_buffer_size(&params, &input, &filter, &output)`,
  });
}

/** Weights of 4 bits get a byte each: they are few, and the library's own kernel for them takes wrong ones for some sizes. */
export function depthwiseLibrary(given: CallOf<'depthwise_conv', Placed>, parts: Parts, tag: string): LayerCode | null {
  const call = given.form === 's4' ? asBytes(given) : given;
  const { form, operands, parameters: p } = call;
  if (form === 's16' && !p.wide) return null;
  const units = unitsOf(call);
  const [, kH, kW] = operands.w.shape;
  const scratchBytes = scratchOf(call, parts);
  const bias = biasParameter(call, parts, tag, units, form === 's16');
  const name = `arm_depthwise_conv_wrapper_${form}`;
  return libraryCall(parts, {
    name: 'depthwise',
    given: [...tensorsOf(call, parts, tag), ...bias.given, ...perChannelTables(parts, tag, p, units)],
    structures: [
      ...windowDims(call, [1, kH, kW, units], units),
      `const cmsis_nn_dw_conv_params params = {
        .input_offset = ${p.xOffset}, .output_offset = ${p.yOffset}, .ch_mult = ${units / operands.x.shape[3]}, .stride = ${tile(p.stride)},
        .padding = ${tile(p.padding)}, .dilation = ${tile(p.dilation)}, .activation = ${clampOf(p)}};`,
      perChannel('cmsis_nn_per_channel_quant_params'),
      contextOf('scratch_context', scratchBytes),
    ],
    body: `(void)${name}(&scratch_context, &params, &quantization, &input, x, &filter, weights, &biases, ${bias.text}, &output, y);`,
    scratchBytes,
    asks: `${name}_get_buffer_size(&params, &input, &filter, &output)`,
  });
}

export function denseLibrary(call: CallOf<'fully_connected', Placed>, parts: Parts, tag: string): LayerCode | null {
  const { form, operands, parameters: p } = call;
  const [units, depth] = operands.w.shape;
  const each = p.multiplier.length > 1;
  if (form === 's16' && !p.wide) return null;
  if (form !== 's8' && (each || p.wOffset !== 0)) return null;
  const scratchBytes = scratchOf(call, parts);
  const bias = biasParameter(call, parts, tag, units, form === 's16');
  const name =
    form === 's8' ? (each ? 'arm_fully_connected_per_channel_s8' : 'arm_fully_connected_s8') : `arm_fully_connected_${form}`;
  // The MVE build reads sums of weights from the buffer.
  const sums = scratchBytes
    ? `(void)arm_vector_sum_s8((int32_t *)scratch, ${depth}, ${units}, weights, ${p.xOffset}, ${p.wOffset}, bias);`
    : '';
  return libraryCall(parts, {
    name: 'dense',
    given: [...tensorsOf(call, parts, tag), ...bias.given, ...(each ? perChannelTables(parts, tag, p, units) : [])],
    structures: [
      dims('input', [sizeOf(operands.x.shape) / depth, 1, 1, depth]),
      dims('filter', [depth, 1, 1, units]),
      dims('output', [sizeOf(operands.x.shape) / depth, 1, 1, units]),
      dims('biases', [1, 1, 1, units]),
      `const cmsis_nn_fc_params params = {
        .input_offset = ${p.xOffset}, .filter_offset = ${p.wOffset}, .output_offset = ${p.yOffset}, .activation = ${clampOf(p)}};`,
      each
        ? perChannel('cmsis_nn_per_channel_quant_params')
        : `const cmsis_nn_per_tensor_quant_params quantization = {.multiplier = ${p.multiplier[0]}, .shift = ${p.shift[0]}};`,
      contextOf('scratch_context', scratchBytes),
    ],
    body: `${sums}
      (void)${name}(&scratch_context, &params, &quantization, &input, x, &filter, weights, &biases, ${bias.text}, &output, y);`,
    scratchBytes,
    ...(form === 's8' ? { asks: 'arm_fully_connected_s8_get_buffer_size(&filter)' } : {}),
  });
}

export function transposeConvLibrary(call: CallOf<'transpose_conv', Placed>, parts: Parts, tag: string): LayerCode | null {
  const { form, operands, parameters: p } = call;
  if (form !== 's8') return null;
  const [units, kH, kW, depth] = operands.w.shape;
  const reversed = p.stride[0] <= 2 && p.stride[1] <= 2 && depth > 16 ? units * kH * kW * depth : 0;
  const first = Math.ceil((scratchOf(call, parts) - reversed) / 16) * 16;
  return libraryCall(parts, {
    name: 'transpose_conv',
    given: [
      ...tensorsOf(call, parts, tag),
      ...biasParameter(call, parts, tag, units, false).given,
      ...perChannelTables(parts, tag, p, units),
    ],
    structures: [
      ...windowDims(call, [units, kH, kW, depth], units),
      `const cmsis_nn_transpose_conv_params params = {
        .input_offset = ${p.xOffset}, .output_offset = ${p.yOffset}, .stride = ${tile(p.stride)}, .padding = ${tile(p.padding)},
        .padding_offsets = ${tile([0, 0])}, .dilation = ${tile([1, 1])}, .activation = ${clampOf(p)}};`,
      perChannel('cmsis_nn_per_channel_quant_params'),
      contextOf('scratch_context', first),
      contextOf('reversed_scratch', reversed, first),
    ],
    body: `(void)arm_transpose_conv_wrapper_s8(&scratch_context, &reversed_scratch, &params, &quantization, &input, x, &filter, weights,
        &biases, bias, &output, y);`,
    scratchBytes: first + reversed,
    asks: `arm_transpose_conv_s8_get_buffer_size(&params, &input, &filter, &output) +
        arm_transpose_conv_s8_get_reverse_conv_buffer_size(&params, &input, &filter)`,
  });
}
