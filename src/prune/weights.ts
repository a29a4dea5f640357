/** Unstructured pruning: single weights held at zero by masks. */
import { CompressError } from '../errors.ts';
import { type Graph, sizeOf, type Tensor, withTensors } from '../graph/graph.ts';
import { createRandom } from '../random.ts';
import { layerOf } from '../run/layers.ts';
import type { Evidence } from './evidence.ts';
import { visitGradients } from './gradients.ts';

/** What single weights can be ranked by. */
export const WEIGHT_CRITERIA = ['l1', 'taylor', 'random'];

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
  const scores = scoresOf(
    graph,
    criterion,
    layers.map((l) => l.tensor),
    evidence,
  );
  const ranked = layers.map(({ name, tensor }, i): Ranked => ({ tensor, scores: scores[i], ratio: cut.ratios[name] ?? null }));
  const line = cut.global
    ? lineOf(
        ranked.filter((r) => r.ratio === null),
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

/** The places of the `count` least. */
function hiddenBelow(scores: Float64Array, count: number): Uint8Array {
  const order = Array.from(scores.keys()).sort((a, b) => scores[a] - scores[b] || a - b);
  const hidden = new Uint8Array(scores.length);
  for (const place of order.slice(0, count)) hidden[place] = 1;
  return hidden;
}

const countBelow = (scores: Float64Array, line: number): number => scores.reduce((n, s) => (s < line ? n + 1 : n), 0);

/** Of weights in different layers, each by the mean of its layer's criterion as it is: the score below which `share` of all lie. */
function lineOf(ranked: readonly Ranked[], share: number): number {
  const all = ranked.flatMap(({ scores }) => [...scores]).sort((a, b) => a - b);
  return all[Math.floor(share * all.length)] ?? Number.POSITIVE_INFINITY;
}

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

function scoresOf(graph: Graph, criterion: string, tensors: readonly number[], evidence: Evidence): Float64Array[] {
  const data = tensors.map((t) => graph.tensors[t].data as Float32Array);
  switch (criterion) {
    case 'l1':
      return data.map((w) => Float64Array.from(w, Math.abs));
    case 'taylor':
      return taylor(graph, tensors, evidence);
    case 'random': {
      const random = createRandom(evidence.seed, 'prune/random');
      return data.map((w) => Float64Array.from(w, () => random.uniform()));
    }
    default:
      throw new CompressError(
        'bad-option',
        `single weights cannot be ranked by "${criterion}", which is a measure of channels`,
        `choose --criterion ${WEIGHT_CRITERIA.join(', ')}`,
      );
  }
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
