import { sha256 } from '../digest.ts';
import type { Graph } from './graph.ts';

/** sha256 of all that a graph computes with: structure, names, scales, constants and masks. */
export function graphDigest({ nodes, tensors, inputs, outputs }: Graph): Promise<string> {
  const plain = tensors.map(({ data, mask, ...rest }) => ({ ...rest, data: data?.length, mask: mask?.length }));
  const values = tensors.flatMap(({ data, mask }) => [...(data ? [data] : []), ...(mask ? [mask] : [])]);
  const plainText = new TextEncoder().encode(JSON.stringify({ nodes, tensors: plain, inputs, outputs }));
  return sha256(plainText, ...values);
}
