import type { Graph, Tensor } from '../graph/graph.ts';

/** Whether the values of two tensors mean the same numbers: both float, or integers of one type, scale and zero point. */
export function sameMeaning({ tensors }: Graph, a: number, b: number): boolean {
  const [p, q] = [tensors[a], tensors[b]];
  if (p.dtype !== q.dtype) return false;
  return p.dtype === 'f32' || (p.quant?.scales[0] === q.quant?.scales[0] && p.quant?.zeros[0] === q.quant?.zeros[0]);
}

/** What a tensor holds where it means the number 0. */
export const zeroOf = ({ dtype, quant }: Tensor): number => (dtype === 'f32' ? 0 : (quant?.zeros[0] ?? 0));
