import { noise } from '../c/project/example.ts';
import { type Graph, integerRange, newValues, sizeOf, type Values } from '../graph/graph.ts';

/**
 * Inputs that find mistakes, in turns: noise over the whole range; only its ends; mostly the zero point. Equal ones on every machine.
 */
export function examplesOf(graph: Graph, count: number): Values[][] {
  return Array.from({ length: count }, (_, e) => {
    const next = noise(1000 + e);
    return graph.inputs.map((t) => {
      const { dtype, shape, quant } = graph.tensors[t];
      const values = newValues(dtype, sizeOf(shape));
      const zero = quant?.zeros[0] ?? 0;
      const { min, max } = dtype === 'f32' ? { min: -2, max: 2 } : integerRange(dtype);
      for (let i = 0; i < values.length; i++) values[i] = pick(e % 3, next, min, max, zero) as never;
      return values;
    });
  });
}

function pick(kind: number, next: () => number, min: number, max: number, zero: number): number {
  const r = next() / 2 ** 32;
  if (kind === 1) return r < 0.5 ? min : max;
  if (kind === 2 && r < 0.9) return zero;
  return Math.min(max, Math.floor(min + (next() / 2 ** 32) * (max - min + 1)));
}
