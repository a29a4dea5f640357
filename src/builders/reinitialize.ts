import { CompressError } from '../errors.ts';
import { type Graph, type Node, sizeOf, type Tensor, withTensors } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { createRandom } from '../random.ts';
import { heUniform } from '../run/build.ts';

/**
 * A float graph with random weights in place of its own: He's uniform ones, zero biases, normalizations that change nothing. Other constants
 * stay.
 *
 * @throws CompressError `unsupported` where no layer has weights
 */
export function reinitialized(graph: Graph, seed: number): Graph {
  const random = createRandom(seed, `weights/${graph.name}`);
  const fresh = new Map<number, Tensor>();
  for (const node of graph.nodes) {
    for (const [t, data] of startOf(graph, node, random)) fresh.set(t, { ...graph.tensors[t], data, quant: null });
  }
  if (fresh.size) return withTensors(graph, fresh);
  throw new CompressError(
    'unsupported',
    'the model has no layer with weights to train',
    'give a model with weights, or a builder',
  );
}

/** By tensor of a node's constants. */
function startOf(graph: Graph, node: Node, random: ReturnType<typeof createRandom>): [number, Float32Array][] {
  const constant = (place: number) => (graph.tensors[node.inputs[place]]?.data instanceof Float32Array ? node.inputs[place] : -1);
  if (node.op === 'batchNorm') {
    const filled = (place: number, value: number): [number, Float32Array] => {
      return [node.inputs[place], new Float32Array(sizeOf(graph.tensors[node.inputs[place]].shape)).fill(value)];
    };
    return [filled(1, 1), filled(2, 0), filled(3, 0), filled(4, 1)];
  }
  const { layer } = rowOf(node.op);
  if (!layer || constant(layer.weights) < 0) return [];
  const { shape } = graph.tensors[node.inputs[layer.weights]];
  const fanIn = sizeOf(shape) / shape[layer.axis];
  const weights: [number, Float32Array] = [node.inputs[layer.weights], heUniform(random, shape, fanIn).data];
  const bias = constant(layer.bias);
  return bias < 0 ? [weights] : [weights, [bias, new Float32Array(sizeOf(graph.tensors[bias].shape))]];
}
