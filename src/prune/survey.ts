import type { Dataset } from '../data/index.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { Heap } from '../wasm/heap.ts';
import { eliminate, statesOf } from './elimination.ts';
import type { ChannelGroup } from './groups.ts';
import { type Gram, gramsOf, type Consumer, consumersOf } from './grams.ts';

/** What layers read of a graph, measured once for all cuts of it. */
export interface Survey {
  readonly consumers: readonly Consumer[];
  readonly grams: ReadonlyMap<Node, Gram>;
  /** Scores of a group's units: the first to go has the least. */
  scoresOf(group: ChannelGroup): Float64Array;
}

/** Cutting the same graph again and again (a search does) measures it once. */
const surveys = new WeakMap<Graph, { readonly data: Dataset; readonly seed: number; readonly survey: Survey }>();

/**
 * @param source the graph as the caller holds it, which stands for `graph` in the memory of surveys
 * @param graph  its float form
 */
export function surveyOf(heap: Heap, source: Graph, graph: Graph, data: Dataset, seed: number): Survey {
  const known = surveys.get(source);
  if (known && known.data === data && known.seed === seed) return known.survey;
  const consumers = consumersOf(graph);
  const grams = gramsOf(heap, graph, consumers, data, seed);
  const orders = new Map<string, Float64Array>();
  let states: ReturnType<typeof statesOf> | undefined;
  const survey: Survey = {
    consumers,
    grams,
    scoresOf(group) {
      states ??= statesOf(graph, consumers, grams);
      const found = orders.get(group.name) ?? eliminate(group, states);
      orders.set(group.name, found);
      return found;
    },
  };
  surveys.set(source, { data, seed, survey });
  return survey;
}
