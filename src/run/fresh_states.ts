import type { Graph, Node } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';

const known = new WeakMap<Graph, Graph>();

/**
 * The float graph whose operators on whole sequences (LSTM) begin each call with zeros: as where every example begins with fresh state, but
 * several can be run at once. Tensors keep their numbers; of the same graph always the same one.
 */
export function withFreshStates(graph: Graph): Graph {
  const found = known.get(graph) ?? fresh(graph);
  known.set(graph, found);
  return found;
}

function fresh(graph: Graph): Graph {
  const nodes = graph.nodes.map((node) => {
    const { recurrent } = rowOf(node.op);
    if (!recurrent?.isSequence || !isBatched(graph, node)) return node;
    const states = [recurrent.own.place, recurrent.output];
    return { ...node, inputs: node.inputs.map((t, i) => (states.includes(i) ? -1 : t)) };
  });
  return nodes.some((n, i) => n !== graph.nodes[i]) ? { ...graph, nodes } : graph;
}

/** With the time first, a sequence of one step cannot be told from a batch. */
const isBatched = ({ tensors }: Graph, { inputs: [x], attrs }: Node): boolean =>
  tensors[x].dtype === 'f32' && !(attrs.timeMajor && tensors[x].shape[0] === 1);
