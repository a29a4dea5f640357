/** Whole blocks of a network: residual branches, and layers that give what they read another value but no other shape. */
import { compact, consumers, type Graph, type Node, producers } from '../graph/graph.ts';
import { layerOf } from '../run/layers.ts';

/** Part of a network that can be left out: what reads `to` reads `from` instead. */
export interface Block {
  /** Of the layer, or of the sum that a residual branch ends in. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Applied to `from` in its place. */
  readonly activation: string;
  /** Layers with weights that go. */
  readonly layers: readonly string[];
}

/** Blocks of a float graph, in its order. Outputs of the network stay what they are. */
export function blocksOf(graph: Graph): Block[] {
  return graph.nodes.flatMap((node): Block[] => {
    const [to] = node.outputs;
    if (node.outputs.length !== 1 || graph.outputs.includes(to)) return [];
    return node.op === 'add' ? branchOf(graph, node) : layerBlock(graph, node);
  });
}

const sameShape = ({ tensors }: Graph, a: number, b: number): boolean => tensors[a].shape.join() === tensors[b].shape.join();

/** Of the two operands of a sum, the one behind more layers is the branch that goes. */
function branchOf(graph: Graph, { name, inputs, outputs: [to], attrs }: Node): Block[] {
  if (inputs.some((t) => graph.tensors[t].data || !sameShape(graph, t, to)) || inputs[0] === inputs[1]) return [];
  const options = inputs.map((from) => withLayers(graph, { name, from, to, activation: activationOf(attrs), layers: [] }));
  const best = options[1].layers.length > options[0].layers.length ? options[1] : options[0];
  return best.layers.length ? [best] : [];
}

const activationOf = (attrs: Node['attrs']): string => (attrs.activation as string | undefined) ?? 'none';

/** A layer with its normalization. */
function layerBlock(graph: Graph, node: Node): Block[] {
  const layer = layerOf(node);
  if (!layer || !graph.tensors[layer.weights].data || !sameShape(graph, layer.x, node.outputs[0])) return [];
  const readers = consumers(graph)[node.outputs[0]];
  const next = readers.length === 1 ? graph.nodes[readers[0]] : null;
  const to = next?.op === 'batchNorm' ? next.outputs[0] : node.outputs[0];
  if (graph.outputs.includes(to)) return [];
  const activation = activationOf(node.attrs);
  const before = graph.nodes[producers(graph)[layer.x]];
  const isThere = before && (before.op === activation || activationOf(before.attrs) === activation);
  const block = { name: node.name, from: layer.x, to, activation: isThere ? 'none' : activation, layers: [] };
  return [withLayers(graph, block)];
}

function withLayers(graph: Graph, block: Block): Block {
  const left = new Set(withoutBlock(graph, block).nodes.map((n) => n.name));
  const layers = graph.nodes.filter((n) => layerOf(n) && !left.has(n.name)).map((n) => n.name);
  return { ...block, layers };
}

/** The graph without a block: its ends are joined, and what only the block read is gone. */
export function withoutBlock(graph: Graph, { name, from, to, activation }: Block): Graph {
  const isPlain = activation === 'none';
  const nodes = graph.nodes.map((node) => {
    if (node.outputs[0] === to && !isPlain) return { name, op: activation, inputs: [from], outputs: [to], attrs: {} };
    return isPlain ? { ...node, inputs: node.inputs.map((t) => (t === to ? from : t)) } : node;
  });
  return compact({ ...graph, nodes });
}
