import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { clampFunction, requantizeFunction } from './rescale.ts';

/** Sum or difference of two tensors of one shape. */
export function addPlain(call: CallOf<'elementwise_add' | 'elementwise_sub', Placed>, parts: Parts): LayerCode | null {
  const { x1, x2, y } = call.operands;
  const n = sizeOf(y.shape);
  if (sizeOf(x1.shape) !== n || sizeOf(x2.shape) !== n) return null;
  const type = call.form === 's16' ? 'int16_t' : 'int8_t';
  const p = call.parameters;
  const requantize = requantizeFunction(parts);
  const clamp = clampFunction(parts);
  const sign = call.family === 'elementwise_add' ? '+' : '-';
  const term = (x: string, offset: number, multiplier: number, shift: number) =>
    `${requantize}((${x}[i] + (${offset})) * ${2 ** p.leftShift}, ${multiplier}, ${shift})`;
  const name = parts.function(
    call.family === 'elementwise_add' ? 'add' : 'subtract',
    (f) =>
      `
      static void ${f}(${type} *y, const ${type} *x1, const ${type} *x2) {
        for (int32_t i = 0; i < ${n}; i++) {
          const int32_t a = ${term('x1', p.x1Offset, p.x1Multiplier, p.x1Shift)};
          const int32_t b = ${term('x2', p.x2Offset, p.x2Multiplier, p.x2Shift)};
          const int32_t sum = ${requantize}(a ${sign} b, ${p.yMultiplier}, ${p.yShift});
          y[i] = (${type})${clamp}(sum + (${p.yOffset}), ${p.yMin}, ${p.yMax});
        }
      }
      `,
  );
  const args = [{ tensor: y.tensor }, { tensor: x1.tensor }, { tensor: x2.tensor }];
  return { calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [] };
}
