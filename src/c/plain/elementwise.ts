import type { CallOf } from '../../ops/kernel_call.ts';
import { type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';
import { broadcastStrides, nest, stridesOf } from './loops.ts';
import { clampFunction, plus, requantizeFunction, term } from './rescale.ts';

type BinaryFamily =
  | 'elementwise_add'
  | 'elementwise_sub'
  | 'elementwise_mul'
  | 'squared_difference'
  | 'prelu'
  | 'minimum'
  | 'maximum';

/** Functions of two tensors, whose dimensions of 1 (and those missing in front) repeat. */
export function binaryPlain(call: CallOf<BinaryFamily, Placed>, parts: Parts): LayerCode {
  const { x1, x2, y } = call.operands;
  const type = TYPES[y.dtype];
  const arrays = [stridesOf(y.shape), broadcastStrides(x1.shape, y.shape), broadcastStrides(x2.shape, y.shape)];
  const name = parts.function(
    call.family,
    (n) => `
      static void ${n}(${type} *y, const ${type} *x1, const ${type} *x2) {
        ${nest(
          y.shape,
          arrays.map((strides) => ({ strides })),
          ([to, first, second]) => text(call, parts, `y[${to}]`, `x1[${first}]`, `x2[${second}]`),
        )}
      }`,
  );
  const args = [parts.operand(y), parts.operand(x1), parts.operand(x2)];
  return { calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [] };
}

function text(call: CallOf<BinaryFamily, Placed>, parts: Parts, y: string, x1: string, x2: string): string {
  const type = TYPES[call.operands.y.dtype];
  if (call.family === 'minimum') return `${y} = (${x1} < ${x2}) ? ${x1} : ${x2};`;
  if (call.family === 'maximum') return `${y} = (${x1} > ${x2}) ? ${x1} : ${x2};`;
  const requantize = requantizeFunction(parts);
  const clamp = clampFunction(parts);
  if (call.family === 'prelu') {
    const p = call.parameters;
    const value = plus(x1, p.x1Offset);
    const below = `${requantize}(${value} * ${plus(x2, p.x2Offset)}, ${p.slopeMultiplier}, ${p.slopeShift})`;
    const scaled = `((${value} >= 0) ? ${requantize}(${value}, ${p.multiplier}, ${p.shift}) : ${below})`;
    return `${y} = (${type})${clamp}(${plus(scaled, p.yOffset)}, -128, 127);`;
  }
  const wide = call.form === 's16';
  if (call.family === 'elementwise_mul') {
    const p = call.parameters;
    const product = wide ? `(int32_t)${x1} * ${x2}` : `${plus(x1, p.x1Offset)} * ${plus(x2, p.x2Offset)}`;
    const scaled = `${requantize}(${product}, ${p.multiplier}, ${p.shift})`;
    return `${y} = (${type})${clamp}(${wide ? scaled : plus(scaled, p.yOffset)}, ${p.yMin}, ${p.yMax});`;
  }
  const p = call.parameters;
  const finer = (x: string, offset: number, multiplier: number, shift: number) =>
    `${requantize}(${wide ? x : plus(x, offset)} * ${2 ** p.leftShift}, ${multiplier}, ${shift})`;
  const sums = {
    elementwise_add: 'a + b',
    elementwise_sub: 'a - b',
    squared_difference: '(int32_t)((uint32_t)(a - b) * (uint32_t)(a - b))',
  };
  return `
    const int32_t a = ${finer(x1, p.x1Offset, p.x1Multiplier, p.x1Shift)};
    const int32_t b = ${finer(x2, p.x2Offset, p.x2Multiplier, p.x2Shift)};
    const int32_t sum = ${requantize}(${sums[call.family]}, ${p.yMultiplier}, ${p.yShift});
    ${y} = (${type})${clamp}(${wide ? 'sum' : plus('sum', p.yOffset)}, ${term(p.yMin)}, ${p.yMax});`;
}
