import type { Graph } from '../graph/graph.ts';
import { sha256 } from '../study/index.ts';

/** SHA-256 of all that a graph computes with: structure, names, scales and constants. */
export async function graphDigest({ tensors, nodes, inputs, outputs }: Graph): Promise<string> {
  const shape = tensors.map(({ data, mask: _, ...rest }) => ({ ...rest, data: data ? data.length : null }));
  const text = new TextEncoder().encode(JSON.stringify({ tensors: shape, nodes, inputs, outputs }));
  const constants = tensors.flatMap(({ data }) => (data ? [data] : []));
  return sha256(text, ...constants);
}

/** CRC-32 (IEEE 802.3, as in zip) of bytes, going on from `crc`. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let rest = ~crc >>> 0;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  }
  return ~rest >>> 0;
}
