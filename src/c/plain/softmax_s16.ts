import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { expTable, oneOverOnePlusTable } from '../../wasm/luts.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { clampFunction, requantizeFunction } from './rescale.ts';

/** `largest` of the row at x. */
export const largestText = (size: number): string => `int32_t largest = x[0];
          for (int32_t i = 1; i < ${size}; i++) {
            largest = (x[i] > largest) ? x[i] : largest;
          }`;

/** Softmax of int16 logits by two tables; `arm_softmax_s16`. */
export function softmaxS16(call: CallOf<'softmax', Placed>, parts: Parts): LayerCode {
  const { x, y } = call.operands;
  const { multiplier, shift } = call.parameters;
  const size = x.shape[x.shape.length - 1];
  const rows = sizeOf(x.shape) / size;
  const requantize = requantizeFunction(parts);
  const clamp = clampFunction(parts);
  const between = parts.function(
    'interpolate',
    (name) => `
      /* Of a table with an entry for every 128th value of int16. */
      static int32_t ${name}(const int16_t *table, int32_t value) {
        const int32_t at = 256 + (value >> 7);
        const int32_t base = table[at];
        const int32_t slope = (int16_t)(table[at + 1] - base);
        return (int16_t)(base + (int16_t)(((slope * (value & 127)) + 64) >> 7));
      }`,
  );
  const name = parts.function(
    'softmax',
    (n) => `
      static void ${n}(int16_t *y, const int16_t *x, const int16_t *exps, const int16_t *reciprocals) {
        for (int32_t row = 0; row < ${rows}; row++) {
          ${largestText(size)}
          int32_t sum = 0;
          for (int32_t i = 0; i < ${size}; i++) {
            const int32_t scaled = ${requantize}(x[i] - largest, ${multiplier}, ${shift});
            const int32_t e = ${between}(exps, ${clamp}(scaled + 32767, -32768, 32767));
            y[i] = (int16_t)e;
            sum += e;
          }
          int32_t zeros = 0;
          for (uint32_t bits = (uint32_t)sum; (bits & 0x80000000u) == 0u; bits <<= 1) {
            zeros++;
          }
          const int32_t shifted = (int32_t)(((uint32_t)sum << (zeros - 1)) + 8192u) >> 14;
          const int32_t reciprocal = ${between}(reciprocals, (int16_t)(shifted - 98304));
          for (int32_t i = 0; i < ${size}; i++) {
            const int32_t twice = (y[i] * reciprocal) >> (30 - zeros);
            y[i] = (int16_t)((twice + 1) >> 1);
          }
          x += ${size};
          y += ${size};
        }
      }`,
  );
  const tables = [parts.table('exp', 'int16_t', expTable()), parts.table('reciprocal', 'int16_t', oneOverOnePlusTable())];
  return { calls: [{ function: name, arguments: [parts.operand(y), parts.operand(x), ...tables] }], scratchBytes: 0, notes: [] };
}
