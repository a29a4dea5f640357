import { compact, type Graph, producers } from '../graph/graph.ts';

/** The graph up to what its last softmax reads: losses work on logits. The same graph where there is no softmax. */
export function withoutSoftmax(graph: Graph): Graph {
  const [output] = graph.outputs;
  const last = graph.nodes[producers(graph)[output]];
  return last?.op === 'softmax' ? compact({ ...graph, outputs: [last.inputs[0]] }) : graph;
}
