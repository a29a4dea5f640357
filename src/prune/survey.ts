import type { Dataset } from '../data/index.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { Heap } from '../wasm/heap.ts';
import { type Consumer, consumersOf } from './consumers.ts';
import { eliminate, problemOf, reads } from './elimination.ts';
import { type Gram, gramsOf } from './grams.ts';
import type { ChannelGroup } from './groups.ts';

/** What layers read of a graph, measured once for all cuts of it. */
export interface Survey {
  readonly consumers: readonly Consumer[];
  readonly grams: ReadonlyMap<Node, Gram>;
  /** Scores of a group's units: the first to go has the least. */
  scoresOf(group: ChannelGroup): Float64Array;
}

/** Cutting the same graph again and again (a search does) measures it once. */
const surveys = new WeakMap<Graph, { readonly data: Dataset; readonly seed: number; readonly survey: Survey }>();

/** @param graph float */
export function surveyOf(heap: Heap, graph: Graph, data: Dataset, seed: number): Survey {
  const known = surveys.get(graph);
  if (known && known.data === data && known.seed === seed) return known.survey;
  const consumers = consumersOf(graph);
  const grams = gramsOf(heap, graph, consumers, data, seed);
  const scores = new Map<string, Float64Array>();
  const scoreUnits = (group: ChannelGroup) => {
    const readers = consumers.filter((c) => reads(c, group));
    return eliminate(
      heap,
      group,
      readers.map((c) => problemOf(heap, graph, c, grams.get(c.node)!)),
    );
  };
  const survey: Survey = {
    consumers,
    grams,
    scoresOf(group) {
      const found = scores.get(group.name) ?? scoreUnits(group);
      scores.set(group.name, found);
      return found;
    },
  };
  surveys.set(graph, { data, seed, survey });
  return survey;
}
