/**
 * A dense layer of TFLite may read an image as one row, without a RESHAPE before it. Stages see the reshape, so that channels are followed
 * through it; the graph that is stored has none.
 */
import { compact, consumers, type Graph } from '../graph/graph.ts';
import { channelsOf } from './channels.ts';

/** The graph with a reshape to [n, depth] before each layer that reads a tensor of more axes so. */
export function withFlattens(graph: Graph): Graph {
  const tensors = [...graph.tensors];
  const nodes = graph.nodes.flatMap((node) => {
    const channels = channelsOf(graph, node);
    const [x, ...parameters] = node.inputs;
    const { name, shape, dtype, quant } = graph.tensors[x];
    if (channels.kind !== 'fixed' || channels.flattens === undefined || shape[0] === 0) return [node];
    const flat = { name: `${name}_flat`, shape: [shape[0], channels.flattens], dtype, data: null, quant };
    const t = tensors.push(flat) - 1;
    const reshape = { name: flat.name, op: 'reshape', inputs: [x], outputs: [t], attrs: { shape: [0, -1], implied: true } };
    return [reshape, { ...node, inputs: [t, ...parameters] }];
  });
  return nodes.length > graph.nodes.length ? { ...graph, tensors, nodes } : graph;
}

/** The graph without the reshapes that `withFlattens` put in, as far as layers that flatten by themselves still read them. */
export function withoutFlattens(graph: Graph): Graph {
  const flat = new Map(graph.nodes.flatMap(({ attrs, inputs, outputs }) => (attrs.implied ? [[outputs[0], inputs[0]]] : [])));
  if (flat.size === 0) return graph;
  const by = consumers(graph);
  const isRead = (t: number) => by[t].every((n) => flattens(graph, n, flat.get(t)!)) && !graph.outputs.includes(t);
  const gone = new Map([...flat].filter(([t]) => isRead(t)));
  const nodes = graph.nodes
    .filter(({ outputs }) => !gone.has(outputs[0]))
    .map((node) => ({ ...node, inputs: node.inputs.map((t) => gone.get(t) ?? t) }));
  return compact({ ...graph, nodes });
}

/** Whether a node would read `x` in place of its first operand as the row it is. */
function flattens(graph: Graph, n: number, x: number): boolean {
  const node = graph.nodes[n];
  const channels = channelsOf(graph, { ...node, inputs: [x, ...node.inputs.slice(1)] });
  return channels.kind === 'fixed' && channels.flattens !== undefined;
}
