/** What weights at zero are worth. */
import { log } from '../elementary.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import { integersOf } from '../run/integer.ts';
import { layerWeights } from '../run/layers.ts';
import { weightRange } from '../wasm/stats.ts';

export interface Sparsity {
  /** Of all layers. */
  readonly weights: number;
  readonly zeros: number;
  /** Zeros that a mask holds. */
  readonly masked: number;
  /** As the chip stores them, whole, in their bits (8 where they are not quantized). */
  readonly bytes: number;
  /** A bit for each weight, and the values that are not zero. No kernel here reads that. */
  readonly sparseBytes: number;
  /** By the entropy of each layer's integers: no code of single weights is shorter. */
  readonly entropyBytes: number;
}

/** Of the weights of a graph, floats or integers. */
export function sparsityOf(graph: Graph): Sparsity {
  const each = layerWeights(graph).map((t): Sparsity => {
    const q = weightIntegers(t);
    const bits = t.dtype === 'i4' || t.quant?.bits === 4 ? 4 : 8;
    const zeros = q.reduce((n, v) => (v === 0 ? n + 1 : n), 0);
    return {
      weights: q.length,
      zeros,
      masked: t.mask ? t.mask.reduce((n, kept) => n + 1 - kept, 0) : 0,
      bytes: Math.ceil((q.length * bits) / 8),
      sparseBytes: Math.ceil(q.length / 8) + Math.ceil(((q.length - zeros) * bits) / 8),
      entropyBytes: Math.ceil(entropyBits(q) / 8),
    };
  });
  const sum = (of: (s: Sparsity) => number) => each.reduce((n, s) => n + of(s), 0);
  return {
    weights: sum((s) => s.weights),
    zeros: sum((s) => s.zeros),
    masked: sum((s) => s.masked),
    bytes: sum((s) => s.bytes),
    sparseBytes: sum((s) => s.sparseBytes),
    entropyBytes: sum((s) => s.entropyBytes),
  };
}

/** The integers that weights are, or would be in 8 bits with a scale for all. */
function weightIntegers(tensor: Tensor): Int32Array {
  const { data, quant } = tensor;
  if (!(data instanceof Float32Array)) return Int32Array.from(data as Int8Array);
  if (quant) return Int32Array.from(integersOf(tensor) as Int8Array);
  const [, high] = weightRange(8);
  const scale = (data.reduce((m, w) => Math.max(m, Math.abs(w)), 0) || 1) / high;
  return Int32Array.from(data, (w) => Math.round(w / scale));
}

function entropyBits(q: Int32Array): number {
  const counts = new Map<number, number>();
  for (const v of q) counts.set(v, (counts.get(v) ?? 0) + 1);
  let bits = 0;
  for (const n of counts.values()) bits -= (n * log(n / q.length)) / Math.LN2;
  return bits;
}
