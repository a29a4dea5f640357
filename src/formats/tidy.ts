import { compact, consumers, type Graph, type Node, producers, sizeOf, type Tensor } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';

/** What readers leave behind: sums that are biases, and reductions whose axes are dropped by a reshape. */
export const tidied = (graph: Graph): Graph => namedOnce(withBiases(withDroppedAxes(graph)));

/** Every tensor has a name of its own. */
function namedOnce(graph: Graph): Graph {
  const used = new Set([...graph.inputs, ...graph.outputs].map((t) => graph.tensors[t].name));
  const ends = new Set([...graph.inputs, ...graph.outputs]);
  const tensors = graph.tensors.map((t, i): Tensor => {
    if (ends.has(i)) return t;
    let name = t.name || `tensor${i}`;
    for (let k = 1; used.has(name); k++) name = `${t.name || `tensor${i}`}_${k}`;
    used.add(name);
    return name === t.name ? t : { ...t, name };
  });
  return { ...graph, tensors, nodes: graph.nodes.map((n) => ({ ...n, name: tensors[n.outputs[0]].name })) };
}

/** The one node that reads a tensor, which is no output; else null. */
const onlyReader = (graph: Graph, readers: readonly number[][], t: number): number | null =>
  readers[t].length === 1 && !graph.outputs.includes(t) ? readers[t][0] : null;

/** A constant added to each channel behind a layer without a bias is its bias. */
function withBiases(graph: Graph): Graph {
  const readers = consumers(graph);
  const nodes: (Node | null)[] = [...graph.nodes];
  const tensors = [...graph.tensors];
  graph.nodes.forEach((layer, i) => {
    const channels = rowOf(layer.op).channels(
      layer.attrs,
      layer.inputs.map((t) => (t < 0 ? null : graph.tensors[t].shape)),
    );
    const hasRoom = rowOf(layer.op).trainable.includes(2) && (layer.inputs[2] ?? -1) < 0 && layer.attrs.activation === 'none';
    const at = hasRoom && channels.kind !== 'fixed' ? onlyReader(graph, readers, layer.outputs[0]) : null;
    const sum = at === null ? null : nodes[at];
    if (sum?.op !== 'add') return;
    const c = sum.inputs.find((t) => t !== layer.outputs[0]);
    const bias = c === undefined ? undefined : tensors[c];
    const units = graph.tensors[layer.outputs[0]].shape.at(-1)!;
    const { shape } = graph.tensors[sum.outputs[0]];
    const isVector = bias?.data && bias.shape.at(-1) === units && sizeOf(bias.shape) === units;
    if (!isVector || shape.join() !== graph.tensors[layer.outputs[0]].shape.join()) return;
    const b = tensors.push({ ...bias, shape: [units] }) - 1;
    nodes[i] = {
      ...layer,
      inputs: [layer.inputs[0], layer.inputs[1], b],
      outputs: sum.outputs,
      attrs: { ...layer.attrs, activation: sum.attrs.activation },
    };
    nodes[at!] = null;
  });
  return compact({ ...graph, tensors, nodes: nodes.filter((n) => n !== null) });
}

/** A reduction that keeps its axes, with a reshape behind it that drops just these, is one that does not. */
export function withDroppedAxes(graph: Graph): Graph {
  const by = producers(graph);
  const readers = consumers(graph);
  const nodes: (Node | null)[] = [...graph.nodes];
  graph.nodes.forEach((node, i) => {
    if (node.op !== 'reshape') return;
    const before = by[node.inputs[0]];
    const reduction = before < 0 ? null : nodes[before];
    if (!reduction?.attrs.keepDims || !Array.isArray(reduction.attrs.axes) || onlyReader(graph, readers, node.inputs[0]) === null)
      return;
    const { axes } = reduction.attrs as { axes: number[] };
    const left = graph.tensors[node.inputs[0]].shape.filter((_, axis) => !axes.includes(axis));
    if (left.join() !== graph.tensors[node.outputs[0]].shape.join()) return;
    nodes[before] = { ...reduction, outputs: node.outputs, attrs: { ...reduction.attrs, keepDims: false } };
    nodes[i] = null;
  });
  return compact({ ...graph, nodes: nodes.filter((n) => n !== null) });
}
