/** What weights at zero contributed, taken over by those that are left. */
import type { Dataset } from '../data/index.ts';
import { type Graph, withTensors } from '../graph/graph.ts';
import { layerOf } from '../run/layers.ts';
import type { Heap } from '../wasm/heap.ts';
import { consumersOf, tensorsOf } from './consumers.ts';
import { fitted, meansAround, sideBySide } from './refit.ts';
import { ridged } from './ridge.ts';
import { settled } from './settle.ts';

/**
 * The weights that are left take over, layer by layer, what those at zero contributed on data (Frantar and Alistarh, "SparseGPT", 2023): each
 * layer comes as near as it can to what it answered, reading what the layers before it now give. Depthwise layers stay as they are.
 *
 * @param before the graph without the masks
 * @param masked the same with them
 */
export function takenOver(heap: Heap, before: Graph, masked: Graph, data: Dataset, seed: number): Graph {
  const layers = new Map(consumersOf(before).map((c) => [before.nodes.indexOf(c.node), c]));
  const places = [...layers.keys()].filter((place) => masked.tensors[layerOf(masked.nodes[place])!.weights].mask);
  if (!places.length) return masked;
  return sideBySide(heap, before, masked, Math.max(...places), data, seed, (place, current, was, now) => {
    const consumer = layers.get(place);
    if (!consumer || !places.includes(place)) return current;
    const { mask, shape } = masked.tensors[layerOf(consumer.node)!.weights];
    const layer = { original: consumer, consumer, kept: Array.from({ length: shape[0] }, (_, o) => o) };
    const means = meansAround(heap, before, layer, was.of(consumer.x), now.of(consumer.x), seed);
    const { columns } = consumer;
    const rows = settled(heap, {
      h: ridged(means.gram, consumer),
      n: means.gram.n,
      target: fitted(heap, before, layer, means),
      columns,
      allow: (row, column, value) => (mask![row * columns + column] ? value : 0),
    });
    return withTensors(current, new Map(tensorsOf(current, consumer, rows)));
  });
}
