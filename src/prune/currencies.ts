import { type Graph, sizeOf } from '../graph/graph.ts';
import { Registry } from '../options/index.ts';
import { macsOf } from '../run/cost.ts';

/** What a global cut saves: `prune` cuts where that costs the least importance. */
export interface Currency {
  /** It depends on the chip. */
  readonly needsTarget: boolean;
  /** How much of it a float graph costs, as if quantized to 8 bits. */
  cost(graph: Graph, target: string): number;
}

const macs = ({ nodes, ...graph }: Graph): number => nodes.reduce((sum, node) => sum + macsOf({ nodes, ...graph }, node), 0);

const parameters = ({ tensors }: Graph): number =>
  tensors.reduce((sum, t) => sum + (t.data instanceof Float32Array ? sizeOf(t.shape) : 0), 0);

/** `mcu/currencies.ts` adds flash, ram and latency. */
export const CURRENCIES = new Registry<Currency | null>('currency', {
  channels: null,
  macs: { needsTarget: false, cost: macs },
  weights: { needsTarget: false, cost: parameters },
});
