import type { Node } from '../../graph/graph.ts';
import { type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';
import { broadcastStrides, nest, stridesOf } from './loops.ts';

const SIGNS: Readonly<Record<string, string>> = { add: '+', sub: '-', mul: '*' };

/**
 * Arithmetic of real numbers before a QUANTIZE, as inputs that are scaled feature by feature have it; null for any other node. Each result
 * is rounded to float32, as in the engine: a function does one operation, so that none can be contracted with the next.
 */
export function realPlain(node: Node, operands: readonly Placed[], parts: Parts): LayerCode | null {
  const sign = SIGNS[node.op];
  const [x1, x2, y] = [...node.inputs, ...node.outputs].map((t) => operands[t]);
  if (!sign || (node.attrs.activation ?? 'none') !== 'none') return null;
  const type = TYPES[y.dtype];
  const arrays = [stridesOf(y.shape), broadcastStrides(x1.shape, y.shape), broadcastStrides(x2.shape, y.shape)];
  const name = parts.function(
    `${node.op}_f32`,
    (n) => `
      static void ${n}(${type} *y, const ${type} *x1, const ${type} *x2) {
        ${nest(
          y.shape,
          arrays.map((strides) => ({ strides })),
          ([to, first, second]) => `y[${to}] = x1[${first}] ${sign} x2[${second}];`,
        )}
      }`,
  );
  const args = [parts.operand(y), parts.operand(x1), parts.operand(x2)];
  return { calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [] };
}
