import type { Dataset } from '../data/index.ts';
import { type Graph, indexAlong, type Node, type Tensor } from '../graph/graph.ts';
import { layerOf, takesNorm, withParameters } from '../run/layers.ts';
import { drawExamples } from '../run/observe.ts';
import type { Heap } from '../wasm/heap.ts';
import { type Moments, momentsOf } from './moments.ts';

/**
 * Batch normalization put back for training. Converters fold it into weights and biases, and what is left trains badly: its layers
 * differ in scale by orders of magnitude. Each convolution becomes convolution, normalization and activation that compute the same
 * (gamma and beta from the mean and variance its outputs have on data), is trained so, and is folded again.
 */
export interface Normed {
  /** Tensors of the original graph keep their numbers. */
  readonly graph: Graph;
  readonly layers: readonly NormedLayer[];
}

interface NormedLayer {
  readonly weights: number;
  readonly bias: number;
  readonly axis: number;
  readonly gamma: number;
  readonly beta: number;
  readonly mean: number;
  readonly variance: number;
}

const EPSILON = 1e-5;
const EXAMPLES = 256;

/** The graph with normalizations; quantized layers stay as they are, since their weights must be rounded as the chip has them. */
export function withNorms(heap: Heap, graph: Graph, data: Dataset, seed: number): Normed {
  const chosen = graph.nodes.filter((node) => canTake(graph, node));
  if (chosen.length === 0) return { graph, layers: [] };
  const moments = momentsOf(heap, graph, chosen, drawExamples(data, EXAMPLES, seed, 'train/norm'));
  const tensors: Tensor[] = [...graph.tensors];
  const layers: NormedLayer[] = [];
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const found = moments.get(node);
    if (!found) return [node];
    const layer = addLayer(tensors, node, found);
    layers.push(layer);
    return normedNodes(tensors, node, layer);
  });
  return { graph: { ...graph, tensors, nodes }, layers };
}

/** The parameters of a normalization that changes nothing yet. */
function addLayer(tensors: Tensor[], node: Node, { mean, variance }: Moments): NormedLayer {
  const { name } = node;
  const { weights, bias, axis } = layerOf(node)!;
  const old = tensors[bias].data as Float32Array;
  const add = (part: string, values: Float64Array) =>
    tensors.push({
      name: `${name}/${part}`,
      shape: [values.length],
      dtype: 'f32',
      data: Float32Array.from(values),
      quant: null,
    }) - 1;
  const deviation = variance.map((v) => Math.sqrt(v + EPSILON));
  const shifted = mean.map((m, c) => m + old[c]);
  return {
    weights,
    bias,
    axis,
    gamma: add('gamma', deviation),
    beta: add('beta', shifted),
    mean: add('mean', mean),
    variance: add('variance', variance),
  };
}

/** The layer without bias and activation, its normalization, and its activation. */
function normedNodes(tensors: Tensor[], node: Node, layer: NormedLayer): Node[] {
  const between = (part: string) => tensors.push({ ...tensors[node.outputs[0]], name: `${node.name}/${part}`, quant: null }) - 1;
  const clamps = node.attrs.activation !== 'none' && node.attrs.activation !== undefined;
  const plain = between('plain');
  const normed = clamps ? between('normed') : node.outputs[0];
  const inputs = [plain, layer.gamma, layer.beta, layer.mean, layer.variance];
  const norm = { name: `${node.name}/norm`, op: 'batchNorm', inputs, outputs: [normed], attrs: { epsilon: EPSILON } };
  const op = String(node.attrs.activation);
  const activation = { name: `${node.name}/activation`, op, inputs: [normed], outputs: node.outputs, attrs: {} };
  return [
    { ...withParameters(node, { bias: -1 }), outputs: [plain], attrs: { ...node.attrs, activation: 'none' } },
    norm,
    ...(clamps ? [activation] : []),
  ];
}

function canTake({ tensors, nodes, outputs }: Graph, node: Node): boolean {
  // An answer is not relative to the other answers of its batch.
  if (outputs.includes(node.outputs[0]) || !takesNorm(node)) return false;
  const { weights: w, bias } = layerOf(node)!;
  const isConvolution = tensors[w].shape.length === 4;
  if (!isConvolution || bias < 0 || !(tensors[bias].data instanceof Float32Array)) return false;
  if (!(tensors[w].data instanceof Float32Array) || tensors[w].quant) return false;
  return nodes.filter((n) => n.inputs.includes(w) || n.inputs.includes(bias)).length === 1;
}

/** Values of weights and biases with the trained normalizations folded into them, by tensor of the original graph. */
export function foldedValues(
  layers: readonly NormedLayer[],
  graph: Graph,
  values: ReadonlyMap<number, Float32Array>,
): Map<number, Float32Array> {
  const folded = new Map(values);
  for (const layer of layers) {
    const of = (t: number) => values.get(t)!;
    const [gamma, beta, mean, variance] = [of(layer.gamma), of(layer.beta), of(layer.mean), of(layer.variance)];
    const factor = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + EPSILON));
    const channel = indexAlong(graph.tensors[layer.weights].shape, layer.axis);
    folded.set(
      layer.weights,
      of(layer.weights).map((w, i) => w * factor[channel(i)]),
    );
    folded.set(
      layer.bias,
      Float32Array.from(factor, (f, c) => beta[c] - mean[c] * f),
    );
  }
  return folded;
}
