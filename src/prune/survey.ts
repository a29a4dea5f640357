import type { Dataset } from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import { NetworkMemory } from '../graph/same.ts';
import type { Heap } from '../wasm/heap.ts';
import { type Consumer, consumersOf } from './consumers.ts';
import { eliminate, problemOf, reads } from './elimination.ts';
import { type Gram, gramsOf } from './grams.ts';
import type { ChannelGroup } from './groups.ts';
import { activationScores, type ChannelScores, unitScore, weightScores } from './importance.ts';
import { ascending } from './rank.ts';
import type { Refitted } from './refit.ts';

/** What layers read of a graph, measured once for all cuts of it. */
export interface Survey {
  readonly consumers: readonly Consumer[];
  /** Of each consumer. */
  readonly grams: readonly Gram[];
  /** Scores of a group's units: the first to be cut has the least. */
  scoresOf(group: ChannelGroup): Float64Array;
}

/** What was found out about a network: plain data, which another thread may be given. */
export interface Findings {
  readonly graph: Graph;
  readonly seed: number;
  /** Of each consumer. */
  readonly grams: readonly Gram[];
  /** Of the units of each group that was asked for, by its name. */
  readonly scores: Map<string, Float64Array>;
}

/**
 * Of channels that no layer reads which least squares could fit (an LSTM's, an SVDF's, a very wide layer's): the share of their mean square
 * that would be lost with a unit and all that are less, as the shares of `eliminate`. null where float32 does not hold it.
 */
function energyShares({ units }: ChannelGroup, measured: ChannelScores): Float64Array | null {
  const squares = units.map((unit) => unitScore(unit, measured) ** 2);
  const all = squares.reduce((sum, s) => sum + s, 1e-12);
  if (!Number.isFinite(all)) return null;
  const scores = new Float64Array(units.length);
  let lost = 0;
  for (const unit of ascending(squares)) {
    lost += squares[unit];
    scores[unit] = lost / all;
  }
  return scores;
}

const memory = new NetworkMemory<Findings>();

/** @param graph float */
export function surveyOf(heap: Heap, graph: Graph, data: Dataset, seed: number): Survey {
  const consumers = consumersOf(graph);
  const { grams, scores } = findingsOf(heap, graph, consumers, data, seed);
  let measured: ChannelScores | null = null;
  const scoreUnits = (group: ChannelGroup) => {
    const problems = consumers.flatMap((c, i) => (reads(c, group) ? (problemOf(heap, graph, c, grams[i]) ?? []) : []));
    if (problems.length) return eliminate(heap, group, problems);
    measured ??= activationScores(heap, graph, data, seed);
    return energyShares(group, measured) ?? energyShares(group, weightScores(graph, 2))!;
  };
  return {
    consumers,
    grams,
    scoresOf(group) {
      const found = scores.get(group.name) ?? scoreUnits(group);
      scores.set(group.name, found);
      return found;
    },
  };
}

function findingsOf(heap: Heap, graph: Graph, consumers: readonly Consumer[], data: Dataset, seed: number): Findings {
  const measure = () => ({ graph, seed, grams: gramsOf(heap, graph, consumers, data, seed), scores: new Map() });
  return memory.get(data, graph, (known) => known.seed === seed, measure);
}

/**
 * Takes over what fitting the layers of a cut graph has measured, so that `surveyOf` need not measure it again.
 *
 * @param survey of the graph `before` the cut
 */
export function keepSurvey(data: Dataset, seed: number, before: Graph, survey: Survey, { graph, first, grams }: Refitted): void {
  const places = survey.consumers.map(({ node }) => before.nodes.indexOf(node));
  const consumers = consumersOf(graph);
  const found = consumers.flatMap(({ node }) => {
    const place = graph.nodes.indexOf(node);
    return (place > first ? grams.get(place) : survey.grams[places.indexOf(place)]) ?? [];
  });
  if (found.length === consumers.length) memory.keep(data, [{ graph, seed, grams: found, scores: new Map() }]);
}

/** What is known of networks on `data`, for another thread. */
export const remembered = (data: Dataset): readonly Findings[] => memory.all(data);

/** Takes over what another thread has found. */
export const remember = (data: Dataset, findings: readonly Findings[]): void => memory.keep(data, findings);
