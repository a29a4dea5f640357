/** Unstructured pruning: single weights held at zero by masks. */
import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { type Graph, sizeOf, type Tensor, withTensors } from '../graph/graph.ts';
import { createRandom } from '../random.ts';
import { layerOf } from '../run/layers.ts';
import type { Heap } from '../wasm/heap.ts';
import { consumersOf, tensorsOf } from './consumers.ts';
import type { Evidence } from './evidence.ts';
import { visitGradients } from './gradients.ts';
import { fitted, meansAround, sideBySide } from './refit.ts';
import { ridged } from './ridge.ts';
import { settled } from './settle.ts';

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
  const own = scoresOf(
    graph,
    criterion,
    layers.map((l) => l.tensor),
    evidence,
  );
  // Sizes of weights in different layers say nothing of each other.
  const scores = cut.global && criterion === 'l1' ? own.map(amongLayers) : own;
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
  const order = Array.from(scores.keys()).sort((a, b) => scores[a] - scores[b] || a - b);
  const hidden = new Uint8Array(scores.length);
  for (const place of order.slice(0, count)) hidden[place] = 1;
  return hidden;
}

const countBelow = (scores: Float64Array, line: number): number => scores.reduce((n, s) => (s < line ? n + 1 : n), 0);

/** The score below which `share` of all lie. */
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
