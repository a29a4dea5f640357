import { sizeOf } from '../graph/graph.ts';
import type { CallOf } from '../ops/kernel_call.ts';
import { linearSumDsp } from './dsp/add.ts';
import { hasLinearSum, linearSumMve } from './mve/add.ts';
import { linearSum } from './linear_sum.ts';
import { type LayerCode, lines, type Parts, type Placed } from './parts.ts';
import { addPlain } from './plain/elementwise.ts';

/** Sum or difference: as a linear form where one is exact on all pairs of inputs. */
export function addOrSubtract(call: CallOf<'elementwise_add' | 'elementwise_sub', Placed>, parts: Parts): LayerCode | null {
  const { x1, x2, y } = call.operands;
  const n = sizeOf(y.shape);
  const { yMin, yMax } = call.parameters;
  const form = call.form === 's8' ? linearSum(call.parameters, call.family === 'elementwise_add' ? 1 : -1) : null;
  if (!form || sizeOf(x1.shape) !== n || sizeOf(x2.shape) !== n) return addPlain(call, parts);
  const { first, second, constant, shift } = form;
  const args = [{ tensor: y.tensor }, { tensor: x1.tensor }, { tensor: x2.tensor }];
  if (yMin === -128 && yMax === 127) {
    const code = (name: string): LayerCode => ({ calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [] });
    if (parts.variant === 'dsp') return code(linearSumDsp(parts, form, n));
    if (parts.variant === 'mve' && hasLinearSum(form, n)) return code(linearSumMve(parts, form, n));
  }
  const name = parts.function('add', (f) =>
    lines(`
      static void ${f}(int8_t *y, const int8_t *x1, const int8_t *x2) {
      #pragma GCC unroll 4
        for (int32_t i = 0; i < ${n}; i++) {
          const int32_t sum = (x1[i] * (${first})) + (x2[i] * (${second})) + (${constant});
          const int32_t scaled = sum >> ${shift};
          const int32_t low = (scaled < ${yMin}) ? ${yMin} : scaled;
          y[i] = (int8_t)((low > ${yMax}) ? ${yMax} : low);
        }
      }
      `),
  );
  return { calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [] };
}
