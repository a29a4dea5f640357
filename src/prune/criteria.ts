import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { Registry } from '../options/index.ts';
import type { Heap } from '../wasm/heap.ts';
import type { ChannelGroup } from './groups.ts';
import { activationScores, type ChannelScores, randomScores, unitScore, weightScores } from './importance.ts';
import type { Survey } from './survey.ts';

/** What importance may be found from. */
export interface Evidence {
  readonly heap: Heap;
  readonly data: Dataset | null;
  readonly seed: number;
  /** What the layers of the graph read on the data. @throws CompressError `bad-data` without data */
  survey(): Survey;
}

/** Scores of a group's units: the first to be cut has the least. */
export type Scorer = (group: ChannelGroup) => ArrayLike<number>;

/** A measure of how important channels are. */
export interface Criterion {
  /** It measures on the train part, else on validation. */
  readonly needsData: boolean;
  /** @param graph float; called once for all of its groups. Global scopes compare the scores of different groups */
  scores(graph: Graph, evidence: Evidence): Scorer;
}

const byChannel = (needsData: boolean, scoresOf: (graph: Graph, evidence: Evidence) => ChannelScores): Criterion => ({
  needsData,
  scores(graph, evidence) {
    const channels = scoresOf(graph, evidence);
    return ({ units }) => units.map((unit) => unitScore(unit, channels));
  },
});

/**
 * `reconstruction`: what the loss of a channel changes in the layers that read it after least squares; `l1`, `l2`: the norm of its filter;
 * `activation`: its root mean square over data; `random`: nothing.
 */
export const CRITERIA = new Registry<Criterion>('criterion', {
  reconstruction: { needsData: true, scores: (_, evidence) => evidence.survey().scoresOf },
  l2: byChannel(false, (graph) => weightScores(graph, 2)),
  l1: byChannel(false, (graph) => weightScores(graph, 1)),
  activation: byChannel(true, (graph, { heap, data, seed }) => activationScores(heap, graph, data!, seed)),
  random: byChannel(false, (graph, { seed }) => randomScores(graph, seed)),
});

/** Adds a caller's own criterion to those that `prune` knows. @throws CompressError `bad-option` where the name is taken */
export const registerCriterion = (name: string, criterion: Criterion): void => CRITERIA.add(name, criterion);

/** The criterion where none is named. */
export const usualCriterion = (data: Dataset | null): string => (data ? 'reconstruction' : 'l2');

export function needData(data: Dataset | null, criterion: string): Dataset {
  if (data?.train || data?.validation) return data;
  throw new CompressError('bad-data', `the criterion "${criterion}" needs data`, 'add --data, or choose --criterion l2');
}

interface Known {
  readonly data: Dataset | null;
  readonly seed: number;
  readonly scorers: Map<string, Scorer>;
}

/** A graph is outlined, then cut, again and again: its channels are scored once. */
const known = new WeakMap<Graph, Known>();

/** @param source the graph as the caller holds it, by which scores are remembered; `graph` is its float form */
export function scorerOf(name: string, source: Graph, graph: Graph, evidence: Evidence): Scorer {
  const { data, seed } = evidence;
  let found = known.get(source);
  if (!found || found.data !== data || found.seed !== seed) {
    found = { data, seed, scorers: new Map() };
    known.set(source, found);
  }
  const scorer = found.scorers.get(name) ?? freshScorer(name, graph, evidence);
  found.scorers.set(name, scorer);
  return scorer;
}

function freshScorer(name: string, graph: Graph, evidence: Evidence): Scorer {
  const criterion = CRITERIA.get(name);
  if (criterion.needsData) needData(evidence.data, name);
  return criterion.scores(graph, evidence);
}
