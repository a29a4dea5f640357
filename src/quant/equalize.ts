import { compact, type Graph, type Node } from '../graph/graph.ts';
import { channelsOf } from '../run/channels.ts';
import { layerOf, replacing, withParameters } from '../run/layers.ts';
import type { Examples } from '../run/observe.ts';
import { absorbed, type LinearReader, linearReaders } from '../simplify/absorb.ts';
import { linearLayer } from '../simplify/constant_channels.ts';
import type { Heap } from '../wasm/heap.ts';
import { type ChannelStatistics, tensorStatistics } from './statistics.ts';

/** A layer whose output only linear layers read, with no more than ReLU, pooling and the like between. */
interface LayerPair {
  readonly producer: Node;
  readonly tensor: number;
}

function pairsOf(graph: Graph): LayerPair[] {
  return graph.nodes.flatMap((producer) => {
    const [tensor] = producer.outputs;
    const activation = producer.attrs.activation ?? 'none';
    if (!linearLayer(graph, producer) || (activation !== 'none' && activation !== 'relu')) return [];
    return linearReaders(graph, tensor, 'factors') ? [{ producer, tensor }] : [];
  });
}

/**
 * Cross-layer equalization (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019): channel c of a
 * tensor is divided by a factor in the layer that makes it, and multiplied by it in the layers that read it. As one scale is to hold all
 * channels of an activation, their measured ranges take the place of the ranges of weights that have a scale for each channel. Factors are
 * powers of two: not a bit of the float network's answers changes.
 *
 * @returns the graph given where nothing is to be gained
 */
export function equalized(heap: Heap, graph: Graph, examples: Examples): Graph {
  const pairs = pairsOf(graph);
  if (!pairs.length) return graph;
  const statistics = tensorStatistics(
    heap,
    graph,
    pairs.map((p) => p.tensor),
    examples,
  );
  let current = graph;
  for (const { tensor } of pairs) {
    const producer = current.nodes.find((n) => n.outputs[0] === tensor)!;
    const readers = linearReaders(current, tensor, 'factors')!;
    const factors = factorsOf(current, producer, readers, statistics.get(tensor)!);
    if (factors.every((s) => s === 1)) continue;
    current = divided(absorbed(current, readers, factors), producer, factors);
  }
  return current === graph ? graph : compact(current);
}

/** What each channel is divided by: sqrt(range / weights that read it), so that both are left equally even (Nagel et al. 2019, eq. 11). */
function factorsOf(
  graph: Graph,
  producer: Node,
  readers: readonly LinearReader[],
  statistics: readonly ChannelStatistics[],
): Float64Array {
  const ranges = rangesOf(graph, producer, statistics);
  const mixing = readers.filter(({ node }) => channelsOf(graph, node).kind === 'mix');
  const weights = mixing.length ? weightsOf(graph, mixing, statistics.length) : null;
  return Float64Array.from(ranges, (r, c) => {
    if (!weights) return r > 0 ? powerOfTwo(r) : 1;
    return r > 0 && weights[c] > 0 ? powerOfTwo(Math.sqrt(r / weights[c])) : 1;
  });
}

/** Of each channel, 1 for the largest: of its values, and of the weights that make it where all have one scale. */
function rangesOf(graph: Graph, producer: Node, statistics: readonly ChannelStatistics[]): Float64Array {
  const values = relative(statistics.map(({ low, high }) => Math.max(Math.abs(low), Math.abs(high))));
  if (layerOf(producer)!.perChannel) return values;
  const { weights, unit } = linearLayer(graph, producer)!;
  const rows = new Float64Array(statistics.length);
  (weights.data as Float32Array).forEach((w, i) => {
    rows[unit(i)] = Math.max(rows[unit(i)], Math.abs(w));
  });
  return relative(rows).map((r, c) => (values[c] > 0 ? Math.max(r, values[c]) : 0));
}

/** Largest weight that reads each channel, by the largest that shares its scale. */
function weightsOf(graph: Graph, readers: readonly LinearReader[], count: number): Float64Array {
  const found = new Float64Array(count);
  for (const { node, channels } of readers) {
    const { weights, unit, inChannel, units } = linearLayer(graph, node)!;
    const data = weights.data as Float32Array;
    const largest = new Float64Array(units);
    data.forEach((w, i) => {
      largest[unit(i)] = Math.max(largest[unit(i)], Math.abs(w));
    });
    if (!layerOf(node)!.perChannel) largest.fill(Math.max(...largest));
    data.forEach((w, i) => {
      const c = channels[inChannel(i)];
      if (c >= 0 && w !== 0) found[c] = Math.max(found[c], Math.abs(w) / largest[unit(i)]);
    });
  }
  return found;
}

function relative(values: ArrayLike<number>): Float64Array {
  const all = Float64Array.from(values);
  const most = all.reduce((a, b) => Math.max(a, b), 0);
  return most > 0 ? all.map((v) => v / most) : all;
}

/** The nearest power of two, by its logarithm. */
function powerOfTwo(value: number): number {
  let power = 1;
  while (power * Math.SQRT2 <= value) power *= 2;
  while (power > value * Math.SQRT2) power /= 2;
  return power;
}

/** The layer with each output channel divided. */
function divided(graph: Graph, producer: Node, factors: Float64Array): Graph {
  const { weights, unit } = linearLayer(graph, producer)!;
  const { weights: w, bias: b } = layerOf(producer)!;
  const tensors = [...graph.tensors];
  const put = replacing(graph, tensors);
  const parameters = {
    weights: put(w, { ...weights, quant: null, data: (weights.data as Float32Array).map((v, i) => v / factors[unit(i)]) }),
    ...(b >= 0 && {
      bias: put(b, { ...tensors[b], quant: null, data: (tensors[b].data as Float32Array).map((v, u) => v / factors[u]) }),
    }),
  };
  return { ...graph, tensors, nodes: graph.nodes.map((n) => (n === producer ? withParameters(n, parameters) : n)) };
}
