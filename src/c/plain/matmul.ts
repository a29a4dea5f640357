import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';
import { broadcastStrides, nest, stridesOf } from './loops.ts';
import { clampFunction, plus, reduceMultiplier, requantizeFunction, requantizeWideFunction } from './rescale.ts';

/** Products of matrices, either of which may lie the other way round. */
export function batchMatmulPlain(call: CallOf<'batch_matmul', Placed>, parts: Parts): LayerCode {
  const { x1, x2, y } = call.operands;
  const p = call.parameters;
  const type = TYPES[y.dtype];
  const wide = call.form === 's16';
  const [rows, columns] = y.shape.slice(-2);
  const depth = p.adjX ? x1.shape[x1.shape.length - 2] : x1.shape[x1.shape.length - 1];
  const lead = y.shape.slice(0, -2);
  const matrices = (o: Placed) =>
    broadcastStrides([...o.shape.slice(0, -2), 1], [...lead, 1])
      .slice(0, -1)
      .map((s) => s * matrixSize(o));
  const a = p.adjX ? `(k * ${rows}) + r` : `(r * ${depth}) + k`;
  const b = p.adjY ? `(c * ${depth}) + k` : `(k * ${columns}) + c`;
  const product = wide ? `(int32_t)a[${a}] * b[${b}]` : `${plus(`a[${a}]`, p.aOffset)} * ${plus(`b[${b}]`, p.bOffset)}`;
  const multiplier = wide ? reduceMultiplier(p.multiplier) : p.multiplier;
  const requantize = wide ? requantizeWideFunction(parts) : requantizeFunction(parts);
  const scaled = `${requantize}(sum, ${multiplier}, ${p.shift})`;
  const body = ([to, first, second]: readonly string[]) => `
    const ${type} *a = &x1[${first}];
    const ${type} *b = &x2[${second}];
    ${type} *out = &y[${to}];
    for (int32_t r = 0; r < ${rows}; r++) {
      for (int32_t c = 0; c < ${columns}; c++) {
        ${wide ? 'int64_t' : 'int32_t'} sum = 0;
        for (int32_t k = 0; k < ${depth}; k++) {
          sum += ${product};
        }
        *out = (${type})${clampFunction(parts)}(${wide ? scaled : plus(scaled, p.yOffset)}, ${p.yMin}, ${p.yMax});
        out++;
      }
    }`;
  const arrays = [stridesOf(lead).map((s) => s * rows * columns), matrices(x1), matrices(x2)].map((strides) => ({ strides }));
  const name = parts.function(
    'matmul',
    (n) => `
      static void ${n}(${type} *y, const ${type} *x1, const ${type} *x2) {
        ${nest(lead, arrays, body)}
      }`,
  );
  const args = [parts.operand(y), parts.operand(x1), parts.operand(x2)];
  return { calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [] };
}

const matrixSize = (o: Placed): number => sizeOf(o.shape.slice(-2));
