import type { Dataset } from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import { Registry } from '../options/index.ts';
import { type Evidence, needData } from './evidence.ts';
import type { ChannelGroup } from './groups.ts';
import {
  type ActivationMeasure,
  activationMeasures,
  activationScores,
  type ChannelScores,
  medianScores,
  normScores,
  randomScores,
  taylorScores,
  unitScore,
  weightScores,
} from './importance.ts';
import { measuredScores } from './measured.ts';

/** Scores of a group's units: the first to be cut has the least. */
export type Scorer = (group: ChannelGroup) => ArrayLike<number>;

/** A measure of how important channels are. */
export interface Criterion {
  /** It measures on the train part, else on validation. */
  readonly needsData: boolean;
  /** A score is that of a unit and all that are cut before it, not of the unit alone. */
  readonly cumulative?: boolean;
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

const byActivation = (measure: ActivationMeasure): Criterion =>
  byChannel(true, (graph, { heap, data, seed }) => activationMeasures(heap, graph, needData(data, measure), seed, measure));

/**
 * `reconstruction`: what the loss of a channel changes in the layers that read it after least squares; `l1`, `l2`: the norm of its filter;
 * `median`: its distance from the geometric median of its layer's filters; `activation`: its root mean square over data, `mean` its mean
 * size, `variance` its variance, `apoz` the share of its values that are not zero; `taylor`: what its loss changes in the loss, to first
 * order; `norm`: the factor of its batch normalization; `sensitivity-logits`, `sensitivity-accuracy`: what cutting the group alone, so far
 * and further, changes in the logits or the task's metric; `random`: nothing.
 */
export const CRITERIA = new Registry<Criterion>('criterion', {
  reconstruction: { needsData: true, cumulative: true, scores: (_, evidence) => evidence.survey().scoresOf },
  l2: byChannel(false, (graph) => weightScores(graph, 2)),
  l1: byChannel(false, (graph) => weightScores(graph, 1)),
  median: byChannel(false, medianScores),
  activation: byChannel(true, (graph, { heap, data, seed }) => activationScores(heap, graph, data!, seed)),
  mean: byActivation('mean'),
  variance: byActivation('variance'),
  apoz: byActivation('active'),
  taylor: byChannel(true, taylorScores),
  norm: byChannel(false, normScores),
  'sensitivity-logits': {
    needsData: true,
    cumulative: true,
    scores: (graph, evidence) => measuredScores(graph, evidence, 'logits'),
  },
  'sensitivity-accuracy': {
    needsData: true,
    cumulative: true,
    scores: (graph, evidence) => measuredScores(graph, evidence, 'accuracy'),
  },
  random: byChannel(false, (graph, { seed }) => randomScores(graph, seed)),
});

/** Adds a caller's own criterion to those that `prune` knows. @throws CompressError `bad-option` where the name is taken */
export const registerCriterion = (name: string, criterion: Criterion): void => CRITERIA.add(name, criterion);

/** The criterion where none is named. */
export const usualCriterion = (data: Dataset | null): string => (data ? 'reconstruction' : 'l2');

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
