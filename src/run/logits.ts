import { consumers, type Graph, type Node, producers } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';

/**
 * The graph without the activation at the end of an output: losses work on what it reads. Tensors keep their numbers; where there is no
 * such activation, or its result is read elsewhere too, it is the same graph.
 *
 * @param output its place among the graph's outputs
 */
export function withoutActivation(graph: Graph, output: number, activation: string): Graph {
  const by = producers(graph);
  const readers = consumers(graph);
  const isShared = (t: number) => readers[t].length + graph.outputs.filter((o) => o === t).length > 1;
  let t = graph.outputs[output];
  let view: Node | null = null; // a reshape behind it stays
  while (by[t] >= 0 && !isShared(t) && rowOf(graph.nodes[by[t]].op).memory === 'view') {
    view = graph.nodes[by[t]];
    t = view.inputs[0];
  }
  const last = graph.nodes[by[t]];
  if (last?.op !== activation || isShared(t)) return graph;
  const [logits] = last.inputs;
  const nodes = graph.nodes.filter((node) => node !== last);
  if (!view) return { ...graph, nodes, outputs: graph.outputs.map((o, i) => (i === output ? logits : o)) };
  const moved = { ...view, inputs: [logits, ...view.inputs.slice(1)] };
  return { ...graph, nodes: nodes.map((node) => (node === view ? moved : node)) };
}

/** The graph without a softmax, a sigmoid or an ARG_MAX at the end of any output. */
export const withLogits = (graph: Graph): Graph =>
  graph.outputs.reduce((g, _, i) => ['argMax', 'softmax', 'logistic'].reduce((h, op) => withoutActivation(h, i, op), g), graph);
