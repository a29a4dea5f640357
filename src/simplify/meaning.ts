import type { Graph } from '../graph/graph.ts';

/** Whether the values of two tensors mean the same numbers: both float, or integers of one type, scale and zero point. */
export function sameMeaning({ tensors }: Graph, a: number, b: number): boolean {
  const [p, q] = [tensors[a], tensors[b]];
  if (p.dtype !== q.dtype) return false;
  return p.dtype === 'f32' || (p.quant?.scales[0] === q.quant?.scales[0] && p.quant?.zeros[0] === q.quant?.zeros[0]);
}
