/** Unstructured pruning: single weights held at zero by masks. */
import { CompressError } from '../errors.ts';
import { type Graph, sizeOf, type Tensor, withTensors } from '../graph/graph.ts';
import { createRandom } from '../random.ts';
import { layerOf } from '../run/layers.ts';
import type { Evidence } from './evidence.ts';
import { visitGradients } from './gradients.ts';
import { ascending, thresholdOf } from './rank.ts';

/** Scores of every weight of some tensors. */
type WeightScorer = (graph: Graph, tensors: readonly number[], evidence: Evidence) => Float64Array[];

const dataOf = ({ tensors }: Graph, t: number) => tensors[t].data as Float32Array;

/** What single weights can be ranked by; the first is the usual one. */
const SCORERS: Readonly<Record<string, WeightScorer>> = {
  l1: (graph, tensors) => tensors.map((t) => Float64Array.from(dataOf(graph, t), Math.abs)),
  taylor,
  random(graph, tensors, { seed }) {
    const random = createRandom(seed, 'prune/random');
    return tensors.map((t) => Float64Array.from(dataOf(graph, t), () => random.uniform()));
  },
};

export const WEIGHT_CRITERIA = Object.keys(SCORERS);

function scorerOf(criterion: string): WeightScorer {
  const scorer = SCORERS[criterion];
  if (scorer) return scorer;
  throw new CompressError(
    'bad-option',
    `single weights cannot be ranked by "${criterion}", which is a measure of channels`,
    `choose --criterion ${WEIGHT_CRITERIA.join(', ')}`,
  );
}

/** Of M weights in a row that one output reads, N stay. */
export interface Pattern {
  readonly n: number;
  readonly m: number;
}

export interface WeightCut {
  readonly ratio: number;
  /** Other ratios of layers, by name. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly global: boolean;
  readonly pattern: Pattern | null;
}

/** Weights of one layer and how much each is worth. */
interface Ranked {
  readonly tensor: number;
  readonly scores: Float64Array;
  readonly ratio: number | null;
}

/** Names of the layers whose weights can be masked. */
export const maskable = (graph: Graph): string[] => weightsOf(graph).map(({ name }) => name);

function weightsOf({ nodes, tensors }: Graph): { name: string; tensor: number }[] {
  const seen = new Set<number>();
  return nodes.flatMap((node) => {
    const tensor = layerOf(node)?.weights ?? -1;
    if (tensor < 0 || seen.has(tensor) || !(tensors[tensor].data instanceof Float32Array)) return [];
    seen.add(tensor);
    return [{ name: node.name, tensor }];
  });
}

/** The float graph with the least important weights at zero, and masks that keep them there. What a mask hides already stays hidden. */
export function withMasks(graph: Graph, criterion: string, cut: WeightCut, evidence: Evidence): Graph {
  const layers = weightsOf(graph);
  const own = scorerOf(criterion)(
    graph,
    layers.map((l) => l.tensor),
    evidence,
  );
  // Sizes of weights in different layers say nothing of each other.
  const scores = cut.global && criterion === 'l1' ? own.map(amongLayers) : own;
  const ranked = layers.map(({ name, tensor }, i): Ranked => ({ tensor, scores: scores[i], ratio: cut.ratios[name] ?? null }));
  const line = cut.global
    ? thresholdOf(
        ranked.flatMap(({ ratio, scores }) => (ratio === null ? [...scores] : [])),
        cut.ratio,
      )
    : null;
  const changes = ranked.map(({ tensor, scores: own, ratio }) => {
    const weights = graph.tensors[tensor];
    const hidden = cut.pattern
      ? hiddenByPattern(weights.shape, own, cut.pattern)
      : hiddenBelow(own, ratio !== null || line === null ? Math.round((ratio ?? cut.ratio) * own.length) : countBelow(own, line));
    return [tensor, masked(weights, hidden)] as const;
  });
  return withTensors(graph, new Map(changes));
}

function masked(weights: Tensor, hidden: Uint8Array): Tensor {
  const mask = Uint8Array.from(hidden, (h, i) => (h || weights.mask?.[i] === 0 ? 0 : 1));
  return { ...weights, mask, data: (weights.data as Float32Array).map((w, i) => (mask[i] ? w : 0)) };
}

/**
 * Scores that compare weights of different layers: the square of each by the sum of the squares of those that would outlive it (LAMP: Lee et
 * al., "Layer-adaptive sparsity for the Magnitude-based Pruning", 2021).
 */
function amongLayers(scores: Float64Array): Float64Array {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || b - a);
  const among = new Float64Array(scores.length);
  let sum = 0;
  for (const place of order) {
    const square = scores[place] ** 2;
    sum += square;
    among[place] = sum > 0 ? square / sum : 0;
  }
  return among;
}

/** The places of the `count` least. */
function hiddenBelow(scores: Float64Array, count: number): Uint8Array {
  const hidden = new Uint8Array(scores.length);
  for (const place of ascending(scores).slice(0, count)) hidden[place] = 1;
  return hidden;
}

const countBelow = (scores: Float64Array, line: number): number => scores.reduce((n, s) => (s < line ? n + 1 : n), 0);

/** Rows are what one output reads, whichever axis the outputs have; of each M neighbours the M - N least are hidden. */
function hiddenByPattern(shape: readonly number[], scores: Float64Array, { n, m }: Pattern): Uint8Array {
  const row = sizeOf(shape.slice(1));
  const hidden = new Uint8Array(scores.length);
  for (let from = 0; from < scores.length; from += row) {
    for (let at = from; at < from + row; at += m) {
      const places = Array.from({ length: Math.min(m, from + row - at) }, (_, i) => at + i);
      places.sort((a, b) => scores[b] - scores[a] || a - b);
      for (const place of places.slice(n)) hidden[place] = 1;
    }
  }
  return hidden;
}

/** What a weight's loss changes in the loss, to first order: the square of weight times gradient (Molchanov et al., 2019). */
function taylor(graph: Graph, tensors: readonly number[], evidence: Evidence): Float64Array[] {
  const scores = tensors.map((t) => new Float64Array(graph.tensors[t].data!.length));
  visitGradients(evidence.heap, graph, tensors, evidence, (slopes) => {
    slopes.forEach(({ values, gradient }, i) => {
      for (let k = 0; k < values.length; k++) scores[i][k] += (values[k] * gradient[k]) ** 2;
    });
  });
  return scores;
}
