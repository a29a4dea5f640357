import { consumers, type Graph, type Node } from '../graph/graph.ts';
import { channelCount, channelSources } from '../run/channels.ts';
import { layerOf, replacing, withParameters } from '../run/layers.ts';
import { linearLayer } from './constant_channels.ts';

/** A linear layer that reads the channels of a tensor, straight or behind operators that keep them apart. */
export interface LinearReader {
  readonly node: Node;
  /** For each input channel of the layer the channel of the tensor that it is, or -1 where it is another tensor's. */
  readonly channels: Int32Array;
  /** Some outputs read beyond the input, where zeros are: no offset can go into the bias. */
  readonly padded: boolean;
}

/** What may be between: `factors` pass where a channel may be multiplied by a positive number, `offsets` where one may be added too. */
const PASSES: Readonly<Record<string, 'factors' | 'offsets'>> = {
  reshape: 'offsets',
  concat: 'offsets',
  dropout: 'offsets',
  quantize: 'offsets', // of a float graph
  mean: 'offsets',
  maxPool2d: 'offsets',
  avgPool2d: 'offsets',
  relu: 'factors',
  sum: 'factors',
};

/**
 * All that reads a tensor, where that is nothing but linear layers with constant weights; null where anything else reads it.
 *
 * @param what is to pass to them: positive factors of its channels alone, or offsets too
 */
export function linearReaders(graph: Graph, t: number, what: 'factors' | 'offsets'): LinearReader[] | null {
  const readers = consumers(graph);
  const found = new Map<Node, LinearReader>();
  // Two ways to one layer, such as two kinds of pooling that are concatenated, are one reader.
  const add = (node: Node, channels: Int32Array, padded: boolean) => {
    const known = found.get(node)?.channels;
    found.set(node, { node, channels: known ? channels.map((c, i) => Math.max(c, known[i])) : channels, padded });
  };
  const follow = (tensor: number, channels: Int32Array): boolean => {
    if (graph.outputs.includes(tensor) || !readers[tensor].length) return false;
    return readers[tensor].every((i) => {
      const node = graph.nodes[i];
      const layer = linearLayer(graph, node);
      if (layer && layerOf(node)!.x === tensor) {
        add(node, channels, layer.padded);
        return what === 'factors' || !layer.padded;
      }
      const passed = PASSES[node.op];
      const isPassed = passed === 'offsets' || (passed === 'factors' && what === 'factors');
      if (!isPassed || (node.attrs.activation ?? 'none') !== 'none' || !keepsNumbers(node)) return false;
      const sources = channelSources(graph, node);
      if (!sources?.every((from) => from.length === 1)) return false;
      const next = sources.map(([s]) => (node.inputs[s.operand] === tensor ? channels[s.channel] : -1));
      return follow(node.outputs[0], Int32Array.from(next));
    });
  };
  const all = Int32Array.from({ length: channelCount(graph.tensors[t].shape) }, (_, c) => c);
  return follow(t, all) ? [...found.values()] : null;
}

/** The same tensor twice in a concatenation would be found under one of its places only. */
const keepsNumbers = ({ inputs }: Node): boolean => new Set(inputs).size === inputs.length;

/**
 * The graph with layers that read channel c of a tensor as `factors[c] * channel + offsets[c]`: weights times the factor, and what the
 * offset gives in the bias. float64, rounded once.
 */
export function absorbed(
  graph: Graph,
  readers: readonly LinearReader[],
  factors: ArrayLike<number>,
  offsets: ArrayLike<number> | null = null,
): Graph {
  const tensors = [...graph.tensors];
  const changed = new Map<Node, Node>();
  const put = replacing(graph, tensors);
  for (const { node, channels } of readers) {
    const layer = linearLayer(graph, node)!;
    const { weights: w, bias: b } = layerOf(node)!;
    const old = layer.weights.data as Float32Array;
    const sums = Float64Array.from({ length: layer.units }, (_, u) => (b < 0 ? 0 : Number(graph.tensors[b].data![u])));
    const data = old.map((value, i) => {
      const c = channels[layer.inChannel(i)];
      if (c < 0) return value;
      if (offsets) sums[layer.unit(i)] += value * offsets[c];
      return value * factors[c];
    });
    const weights = put(w, { ...layer.weights, data, quant: null });
    const own = b < 0 ? { name: `${node.name}/bias`, shape: [layer.units], dtype: 'f32' as const } : graph.tensors[b];
    const bias = offsets ? put(b, { ...own, data: Float32Array.from(sums), quant: null }) : undefined;
    changed.set(node, withParameters(node, { weights, bias }));
  }
  return { ...graph, tensors, nodes: graph.nodes.map((n) => changed.get(n) ?? n) };
}
