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
  const end = graph.outputs[output];
  const isShared = (t: number) => readers[t].length + (t !== end && graph.outputs.includes(t) ? 1 : 0) > (t === end ? 0 : 1);
  let t = end;
  let view: Node | null = null; // a reshape behind it stays
  while (by[t] >= 0 && !isShared(t) && rowOf(graph.nodes[by[t]].op).memory === 'view') {
    view = graph.nodes[by[t]];
    t = view.inputs[0];
  }
  const last = graph.nodes[by[t]];
  if (last?.op !== activation || isShared(t)) return graph;
  const [logits] = last.inputs;
  const nodes = graph.nodes.filter((node) => node !== last);
  if (!view) return { ...graph, nodes, outputs: graph.outputs.map((o) => (o === end ? logits : o)) };
  const moved = { ...view, inputs: [logits, ...view.inputs.slice(1)] };
  return { ...graph, nodes: nodes.map((node) => (node === view ? moved : node)) };
}

/** The graph without a softmax, a sigmoid or an ARG_MAX at the end of any output. */
export const withLogits = (graph: Graph): Graph =>
  graph.outputs.reduce((g, _, i) => ['softmax', 'logistic'].reduce((h, op) => withoutActivation(h, i, op), g), withScores(graph));

const CHANGES_OF_TYPE = ['quantize', 'dequantize', 'cast'];

/** The operator that an output ends in; views and changes of type are looked through. */
export function endOf(graph: Graph, t: number, by = producers(graph)): Node | undefined {
  const node: Node | undefined = graph.nodes[by[t]];
  const isPassage = node && (rowOf(node.op).memory === 'view' || CHANGES_OF_TYPE.includes(node.op));
  return isPassage ? endOf(graph, node.inputs[0], by) : node;
}

const scored = new WeakMap<Graph, Graph>();

/**
 * The graph with the scores that an ARG_MAX reads in place of the class numbers that it gives, at every output that ends in one. Tensors keep
 * their numbers; where there is none it is the same graph, and of the same graph always the same one.
 */
export function withScores(graph: Graph): Graph {
  const known = scored.get(graph);
  if (known) return known;
  const by = producers(graph);
  const outputs = graph.outputs.map((t) => {
    const end = endOf(graph, t, by);
    return end?.op === 'argMax' ? end.inputs[0] : t;
  });
  const found = outputs.some((t, i) => t !== graph.outputs[i]) ? { ...graph, nodes: needed(graph, outputs), outputs } : graph;
  scored.set(graph, found);
  return found;
}

/** Nodes that some of `outputs` depend on. */
function needed({ nodes }: Graph, outputs: readonly number[]): Node[] {
  const wanted = new Set(outputs);
  const kept = [...nodes].reverse().filter((node) => {
    const isNeeded = node.outputs.some((t) => wanted.has(t));
    if (isNeeded) for (const t of node.inputs) wanted.add(t);
    return isNeeded;
  });
  return kept.reverse();
}
