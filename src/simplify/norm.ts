import { compact, consumers, type Graph, indexAlong, type Node, producers, type Tensor } from '../graph/graph.ts';
import { layerOf, takesNorm, withParameters } from '../run/layers.ts';

/**
 * Batch normalization folded into the layer before it: w' = w * g, b' = (b - mean) * g + beta, g = gamma / sqrt(variance + epsilon),
 * in float64 and rounded once. Without such a layer before it, it becomes a multiplication and an addition.
 * Quantization records of changed weights are dropped.
 */
export function foldNorms(graph: Graph): Graph {
  const tensors = [...graph.tensors];
  const by = producers(graph);
  const readers = consumers(graph);
  const replaced = new Map<number, readonly Node[]>();
  const add = (t: Tensor): number => tensors.push(t) - 1;
  graph.nodes.forEach((norm, i) => {
    if (norm.op !== 'batchNorm') return;
    const before = by[norm.inputs[0]];
    const alone = readers[norm.inputs[0]].length === 1 && !graph.outputs.includes(norm.inputs[0]);
    if (before >= 0 && alone && canTake(graph, graph.nodes[before])) {
      replaced.set(before, [intoLayer(graph, graph.nodes[before], norm, add)]);
      replaced.set(i, []);
    } else {
      replaced.set(i, asArithmetic(graph, norm, add));
    }
  });
  if (!replaced.size) return graph;
  return compact({ ...graph, tensors, nodes: graph.nodes.flatMap((node, i) => replaced.get(i) ?? [node]) });
}

/** Its weights are constants, its channels are the last axis of its output, and nothing is applied to them yet. */
function canTake({ tensors }: Graph, node: Node): boolean {
  const constant = node.inputs.slice(1).every((t) => t < 0 || tensors[t].data instanceof Float32Array);
  return takesNorm(node) && constant && (node.attrs.activation ?? 'none') === 'none';
}

/** y = x * factor + offset, by channel. */
function affine({ tensors }: Graph, { inputs, attrs }: Node): { factor: Float64Array; offset: Float64Array } {
  const [gamma, beta, mean, variance] = inputs.slice(1).map((t) => tensors[t].data as Float32Array);
  const factor = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + (attrs.epsilon as number)));
  return { factor, offset: Float64Array.from(beta, (b, c) => b - mean[c] * factor[c]) };
}

function intoLayer(graph: Graph, layer: Node, norm: Node, add: (t: Tensor) => number): Node {
  const { factor, offset } = affine(graph, norm);
  const { weights: w, bias: b, axis } = layerOf(layer)!;
  const weights = graph.tensors[w];
  const old = weights.data as Float32Array;
  const bias = b < 0 ? null : (graph.tensors[b].data as Float32Array);
  const channel = indexAlong(weights.shape, axis);
  const data = old.map((v, i) => v * factor[channel(i)]);
  const shifted = Float32Array.from(offset, (o, c) => (bias ? bias[c] * factor[c] : 0) + o);
  const name = b < 0 ? `${layer.name}/bias` : graph.tensors[b].name;
  const parameters = {
    weights: add({ ...weights, data, quant: null }),
    bias: add({ name, shape: [factor.length], dtype: 'f32', data: shifted, quant: null }),
  };
  return { ...withParameters(layer, parameters), outputs: norm.outputs };
}

function asArithmetic(graph: Graph, norm: Node, add: (t: Tensor) => number): Node[] {
  const { factor, offset } = affine(graph, norm);
  const vector = (part: string, values: Float64Array) =>
    add({ name: `${norm.name}/${part}`, shape: [values.length], dtype: 'f32', data: Float32Array.from(values), quant: null });
  const between = add({ ...graph.tensors[norm.outputs[0]], name: `${norm.name}/scaled`, quant: null });
  const attrs = { activation: 'none' };
  return [
    { name: `${norm.name}/mul`, op: 'mul', inputs: [norm.inputs[0], vector('factor', factor)], outputs: [between], attrs },
    { name: `${norm.name}/add`, op: 'add', inputs: [between, vector('offset', offset)], outputs: norm.outputs, attrs },
  ];
}
