import { consumers, type Graph, type Node, type Quantization } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { realNumbers } from '../run/integer.ts';
import type { QuantizeOptions } from '../stage.ts';

type Bits = 8 | 16;
type Widths = Pick<QuantizeOptions, 'activationBits' | 'layerActivationBits'>;

/**
 * A float graph with a QUANTIZE wherever a layer takes activations of other bits than those in front of it give. Between layers of the same
 * bits there is none, and outputs of the network have `activationBits`.
 */
export function withConversions(graph: Graph, widths: Widths): Graph {
  if (!Object.keys(widths.layerActivationBits).length) return graph;
  const { activationBits } = widths;
  const tensors = [...graph.tensors];
  const nodes: Node[] = [];
  const real = realNumbers(graph);
  const bits = new Map<number, Bits>(graph.inputs.map((t) => [t, activationBits]));
  const converted = new Map<string, number>();
  const inBits = (t: number, wanted: Bits): number => {
    const own = bits.get(t);
    if (own === undefined || own === wanted || real.has(t)) return t;
    const key = `${t} ${wanted}`;
    const known = converted.get(key);
    if (known !== undefined) return known;
    const name = `${tensors[t].name}/int${wanted}`;
    const y = tensors.push({ ...tensors[t], name, quant: unmeasured(wanted) }) - 1;
    tensors[t] = { ...tensors[t], quant: unmeasured(own) };
    nodes.push({ name, op: 'quantize', inputs: [t], outputs: [y], attrs: {} });
    converted.set(key, y);
    return y;
  };
  for (const node of graph.nodes) {
    const wanted = rowOf(node.op).memory === 'view' ? (bits.get(node.inputs[0]) ?? activationBits) : bitsIn(node, widths);
    nodes.push({ ...node, inputs: node.inputs.map((t) => inBits(t, wanted)) });
    for (const t of node.outputs) bits.set(t, wanted);
  }
  const outputs = graph.outputs.map((t) => inBits(t, activationBits));
  return { ...graph, tensors, nodes, outputs };
}

/** Says that a tensor is to become integers, until its record is written: else a QUANTIZE behind it would mean that it stays real. */
const unmeasured = (bits: Bits): Quantization => ({ bits, scales: [1], zeros: [0], axis: null });

const bitsIn = ({ name }: Node, { activationBits, layerActivationBits }: Widths): Bits =>
  layerActivationBits[name] ?? activationBits;

/** Bits of the tensors that a graph with its conversions computes; those that are missing have `activationBits`. */
export function bitsOf(graph: Graph, widths: Widths): ReadonlyMap<number, Bits> {
  const bits = new Map<number, Bits>();
  if (!Object.keys(widths.layerActivationBits).length) return bits;
  const readers = consumers(graph);
  for (const node of graph.nodes) {
    const [y] = node.outputs;
    const reader = node.op === 'quantize' ? graph.nodes[readers[y][0]] : node;
    const isView = rowOf(node.op).memory === 'view';
    const own = isView ? bits.get(node.inputs[0]) : reader && bitsIn(reader, widths);
    for (const t of node.outputs) bits.set(t, own ?? widths.activationBits);
  }
  return bits;
}
