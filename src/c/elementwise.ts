import { sizeOf } from '../graph/graph.ts';
import type { CallOf } from '../ops/kernel_call.ts';
import { linearSumDsp } from './dsp/add.ts';
import { type LinearSum, linearSum, sumTable, sumText, tableOfSums } from './linear_sum.ts';
import { hasLinearSum, linearSumMve } from './mve/add.ts';
import type { Argument, LayerCode, Parts, Placed } from './parts.ts';
import { binaryPlain } from './plain/elementwise.ts';

/** Sum or difference: as a linear form where one is exact on all pairs of inputs, or by a table of sums where both have one scale. */
export function addOrSubtract(call: CallOf<'elementwise_add' | 'elementwise_sub', Placed>, parts: Parts, tag: string): LayerCode {
  const { x1, x2, y } = call.operands;
  const n = sizeOf(y.shape);
  // Only the plain kernel repeats dimensions.
  if (call.form !== 's8' || sizeOf(x1.shape) !== n || sizeOf(x2.shape) !== n) return binaryPlain(call, parts);
  const { yMin, yMax } = call.parameters;
  const sign = call.family === 'elementwise_add' ? 1 : -1;
  const args = [parts.operand(y), parts.operand(x1), parts.operand(x2)];
  const code = (name: string, more: readonly Argument[] = []): LayerCode => ({
    calls: [{ function: name, arguments: [...args, ...more] }],
    scratchBytes: 0,
    notes: [],
  });
  const form = linearSum(call.parameters, sign);
  if (form) {
    const saturates = yMin === -128 && yMax === 127;
    if (saturates && parts.variant === 'dsp') return code(linearSumDsp(parts, form, n));
    if (saturates && parts.variant === 'mve' && hasLinearSum(form, n)) return code(linearSumMve(parts, form, n));
    return code(linearSumPlain(parts, form, n, [yMin, yMax]));
  }
  const table = tableOfSums(sumTable(call.parameters, sign), sign);
  if (table) return code(tableFunction(parts, n, sign), [parts.table(`${tag}_sums`, 'int8_t', table)]);
  return {
    ...binaryPlain(call, parts),
    notes: ['no linear form is exact for the scales of its inputs: it rescales each by itself'],
  };
}

function linearSumPlain(parts: Parts, form: LinearSum, n: number, [yMin, yMax]: readonly [number, number]): string {
  return parts.function(
    'add',
    (f) => `
      static void ${f}(int8_t *y, const int8_t *x1, const int8_t *x2) {
      #pragma GCC unroll 4
        for (int32_t i = 0; i < ${n}; i++) {
          const int32_t scaled = ${sumText(form)} >> ${form.shift};
          const int32_t low = (scaled < ${yMin}) ? ${yMin} : scaled;
          y[i] = (int8_t)((low > ${yMax}) ? ${yMax} : low);
        }
      }`,
  );
}

function tableFunction(parts: Parts, n: number, sign: 1 | -1): string {
  return parts.function(
    'add',
    (f) => `
      static void ${f}(int8_t *y, const int8_t *x1, const int8_t *x2, const int8_t *sums) {
      #pragma GCC unroll 4
        for (int32_t i = 0; i < ${n}; i++) {
          y[i] = sums[x1[i] ${sign === 1 ? '+' : '-'} x2[i] + 256];
        }
      }`,
  );
}
