import { compact, consumers, type Graph, type Node, producers } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { sameMeaning } from './meaning.ts';

/** ReLU, ReLU6 and ReLU1 that change no scale become the activation of the layer before them, where that layer has none and no other consumer. */
export function foldActivations(graph: Graph): Graph {
  const by = producers(graph);
  const readers = consumers(graph);
  const changed = new Map<number, Node | null>();
  graph.nodes.forEach((node, i) => {
    const [x] = node.inputs;
    if (!['relu', 'relu6', 'reluN1'].includes(node.op) || by[x] < 0 || !sameMeaning(graph, x, node.outputs[0])) return;
    const before = graph.nodes[by[x]];
    const alone = readers[x].length === 1 && !graph.outputs.includes(x);
    if (!alone || !rowOf(before.op).fuses?.activation || (before.attrs.activation ?? 'none') !== 'none') return;
    changed.set(by[x], { ...before, attrs: { ...before.attrs, activation: node.op }, outputs: node.outputs });
    changed.set(i, null);
  });
  if (!changed.size) return graph;
  return compact({ ...graph, nodes: graph.nodes.flatMap((n, i) => (changed.has(i) ? (changed.get(i) ?? []) : [n])) });
}
