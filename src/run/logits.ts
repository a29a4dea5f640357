import { type Graph, producers } from '../graph/graph.ts';

/** The graph up to what its last softmax reads: losses work on logits. Tensors keep their numbers; without a softmax it is the same graph. */
export function withoutSoftmax(graph: Graph): Graph {
  const last = producers(graph)[graph.outputs[0]];
  if (graph.nodes[last]?.op !== 'softmax') return graph;
  return { ...graph, nodes: graph.nodes.filter((_, i) => i !== last), outputs: [graph.nodes[last].inputs[0]] };
}
