import { sizeOf } from '../../graph/graph.ts';
import { costOfCall } from '../../ops/cost.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { expTable, oneOverOnePlusTable } from '../../wasm/luts.ts';
import { type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';
import { biasTable, clampOf, contextOf, dims, fourOf, libraryCall, outAndIn, tile } from './call.ts';

/** Layers without weights of their own. Null: the library has no function for the form. */

const sameSize = ({ operands: { x1, x2, y } }: { operands: { x1: Placed; x2: Placed; y: Placed } }): boolean =>
  sizeOf(x1.shape) === sizeOf(y.shape) && sizeOf(x2.shape) === sizeOf(y.shape);

export function addLibrary(call: CallOf<'elementwise_add', Placed>, parts: Parts): LayerCode | null {
  if (!sameSize(call)) return null;
  const { form, operands, parameters: p } = call;
  return binary(parts, 'add', operands, [
    `(void)arm_elementwise_add_${form}(x1, x2, ${[p.x1Offset, p.x1Multiplier, p.x1Shift, p.x2Offset, p.x2Multiplier, p.x2Shift].join(', ')},`,
    `${p.leftShift}, y, ${[p.yOffset, p.yMultiplier, p.yShift, p.yMin, p.yMax, sizeOf(operands.y.shape)].join(', ')});`,
  ]);
}

export function mulLibrary(call: CallOf<'elementwise_mul', Placed>, parts: Parts): LayerCode | null {
  if (!sameSize(call)) return null;
  const { form, operands, parameters: p } = call;
  return binary(parts, 'mul', operands, [
    `(void)arm_elementwise_mul_${form}(x1, x2, ${p.x1Offset}, ${p.x2Offset}, y,`,
    `${[p.yOffset, p.multiplier, p.shift, p.yMin, p.yMax, sizeOf(operands.y.shape)].join(', ')});`,
  ]);
}

export function extremumLibrary(call: CallOf<'minimum' | 'maximum', Placed>, parts: Parts): LayerCode | null {
  if (!sameSize(call) || call.form !== 's8') return null;
  const all = dims('all', [1, 1, 1, sizeOf(call.operands.y.shape)]);
  const none = contextOf('none', 0);
  return binary(
    parts,
    call.family,
    call.operands,
    [`(void)arm_${call.family}_s8(&none, x1, &all, x2, &all, y, &all);`],
    [all, none],
  );
}

function binary(
  parts: Parts,
  name: string,
  { x1, x2, y }: { readonly x1: Placed; readonly x2: Placed; readonly y: Placed },
  body: readonly string[],
  structures: readonly string[] = [],
): LayerCode {
  const type = TYPES[y.dtype];
  return libraryCall(parts, {
    name,
    given: [
      [`${type} *y`, parts.operand(y)],
      [`const ${type} *x1`, parts.operand(x1)],
      [`const ${type} *x2`, parts.operand(x2)],
    ],
    structures,
    body: body.join('\n'),
  });
}

export function poolLibrary(call: CallOf<'avg_pool' | 'max_pool', Placed>, parts: Parts): LayerCode | null {
  const { form, family, operands, parameters: p } = call;
  const { x, y } = operands;
  const { scratchBytes } = costOfCall(call, parts.kind);
  const average = family === 'avg_pool';
  const name = average ? `arm_avgpool_${form}` : `arm_max_pool_${form}`;
  return libraryCall(parts, {
    name: average ? 'average_pool' : 'max_pool',
    given: outAndIn(parts, operands),
    structures: [
      dims('input', x.shape),
      dims('filter', [1, p.filter[0], p.filter[1], 1]),
      dims('output', y.shape),
      `const cmsis_nn_pool_params params = {.stride = ${tile(p.stride)}, .padding = ${tile(p.padding)}, .activation = ${clampOf(p)}};`,
      contextOf('scratch_context', scratchBytes),
    ],
    body: `(void)${name}(&scratch_context, &params, &input, x, &filter, &output, y);`,
    scratchBytes,
    ...(average ? { asks: `${name}_get_buffer_size(${y.shape[2]}, ${x.shape[3]})` } : {}),
  });
}

export function softmaxLibrary(call: CallOf<'softmax', Placed>, parts: Parts): LayerCode | null {
  const { form, operands, parameters: p } = call;
  const { x } = operands;
  if (form === 'u8') return null;
  const size = x.shape[x.shape.length - 1];
  const given = outAndIn(parts, operands);
  const numbers = `x, ${sizeOf(x.shape) / size}, ${size}, ${p.multiplier}, ${p.shift}`;
  if (form !== 's16') {
    return libraryCall(parts, {
      name: 'softmax',
      given,
      structures: [],
      body: `arm_softmax_${form}(${numbers}, ${p.diffMin}, y);`,
    });
  }
  return libraryCall(parts, {
    name: 'softmax',
    given: [
      ...given,
      ['const int16_t *exps', parts.table('exp', 'int16_t', expTable())],
      ['const int16_t *reciprocals', parts.table('reciprocal', 'int16_t', oneOverOnePlusTable())],
    ],
    structures: ['const cmsis_nn_softmax_lut_s16 tables = {.exp_lut = exps, .one_by_one_lut = reciprocals};'],
    body: `(void)arm_softmax_s16(${numbers}, &tables, y);`,
  });
}

/** The library takes the zero point of the input here, not minus it. */
export function svdfLibrary(call: CallOf<'svdf', Placed>, parts: Parts, tag: string): LayerCode | null {
  const { form, operands, parameters: p } = call;
  const { x, wFeature, wTime, bias, state } = operands;
  const [batch, size] = x.shape;
  const [features, time] = wTime.shape;
  const units = features / p.rank;
  const state16 = form === 'state_s16_s8';
  const type = TYPES[state.dtype];
  const sums = !state16 && parts.kind === 'mve' ? Math.ceil((4 * features) / 16) * 16 : 0;
  const [inner, outer] = [Math.ceil((4 * batch * features) / 16) * 16, 4 * batch * units];
  const contexts = [
    ...(state16 ? [] : [contextOf('sums', sums)]),
    contextOf('inner', inner, sums),
    contextOf('outer', outer, sums + inner),
  ];
  const summing = sums
    ? `(void)arm_vector_sum_s8((int32_t *)scratch, ${size}, ${features}, features, ${p.xOffset}, 0, NULL);`
    : '';
  return libraryCall(parts, {
    name: 'svdf',
    given: [
      ...outAndIn(parts, operands),
      [`${type} *state`, parts.operand(state)],
      ['const int8_t *features', parts.table(`${tag}_features`, 'int8_t', wFeature.data as Int8Array)],
      [`const ${type} *times`, parts.table(`${tag}_times`, type, wTime.data as Int8Array)],
      ['const int32_t *bias', biasTable(parts, tag, bias, units)],
    ],
    structures: [
      dims('input', [batch, size, 1, 1]),
      dims('states', [batch, 1, 1, features * time]),
      dims('feature_dims', [features, size, 1, 1]),
      dims('time_dims', [features, time, 1, 1]),
      dims('biases', [units, 1, 1, 1]),
      dims('output', [batch, units, 1, 1]),
      `const cmsis_nn_svdf_params params = {
        .rank = ${p.rank}, .input_offset = ${0 - p.xOffset}, .output_offset = ${p.yOffset},
        .input_activation = {.min = ${p.stateMin}, .max = ${p.stateMax}}, .output_activation = ${clampOf(p)}};`,
      `const cmsis_nn_per_tensor_quant_params into = {.multiplier = ${p.stateMultiplier}, .shift = ${p.stateShift}};`,
      `const cmsis_nn_per_tensor_quant_params out = {.multiplier = ${p.yMultiplier}, .shift = ${p.yShift}};`,
      ...contexts,
    ],
    body: `${summing}
      (void)arm_svdf_${form}(${state16 ? '' : '&sums, '}&inner, &outer, &params, &into, &out, &input, x, &states, state, &feature_dims, features,
        &time_dims, times, &biases, bias, &output, y);`,
    scratchBytes: sums + inner + outer,
  });
}

/** Whole images of up to four dimensions. */
export function padLibrary(call: CallOf<'pad', Placed>, parts: Parts): LayerCode | null {
  const { form, operands, parameters: p } = call;
  const { x, y } = operands;
  if (form !== 's8' || x.shape.length > 4) return null;
  const before = [...new Array<number>(4 - x.shape.length).fill(0), ...p.paddings.map(([first]) => first)];
  const after = [...new Array<number>(4 - x.shape.length).fill(0), ...p.paddings.map(([, last]) => last)];
  return libraryCall(parts, {
    name: 'pad',
    given: [
      ['int8_t *y', parts.operand(y)],
      ['const int8_t *x', parts.operand(x)],
    ],
    structures: [dims('input', fourOf(x.shape)), dims('before', before), dims('after', after)],
    body: `(void)arm_pad_s8(x, y, ${p.value}, &input, &before, &after);`,
  });
}
