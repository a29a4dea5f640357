import { compact, consumers, type Graph, type Node, producers, sizeOf, type Tensor } from '../graph/graph.ts';
import { channelsOf } from '../run/channels.ts';
import { generalShape, relabelConstant } from './relabel.ts';

/**
 * A dense layer whose units are made an image, channels first, that is turned at once: its units are put in the order in which the image
 * lies, so that nothing has to be turned.
 */
export function unitsInOrder(graph: Graph): Graph {
  const by = producers(graph);
  const readers = consumers(graph);
  const nodes: (Node | null)[] = [...graph.nodes];
  const tensors = [...graph.tensors];
  graph.nodes.forEach((turn, i) => {
    const image = turn.op === 'transpose' ? nodes[by[turn.inputs[0]]] : null;
    if (image?.op !== 'reshape' || graph.tensors[image.inputs[0]].shape.length !== 2) return;
    const isAlone = (t: number) => readers[t].length === 1 && !graph.outputs.includes(t);
    const perm = turn.attrs.perm as number[];
    if (perm[0] !== 0 || !isAlone(turn.inputs[0]) || !isAlone(image.inputs[0])) return;
    const chain = upToUnits(graph, by, isAlone, image.inputs[0]);
    if (!chain) return;
    const [, ...shape] = graph.tensors[image.outputs[0]].shape;
    const order = orderOf(
      shape,
      perm.slice(1).map((a) => a - 1),
    );
    for (const { place, constants } of chain) nodes[place] = withOrder(nodes[place]!, constants, tensors, order);
    const to = graph.tensors[turn.outputs[0]].shape;
    nodes[by[turn.inputs[0]]] = { ...image, outputs: turn.outputs, attrs: { shape: generalShape(to) } };
    nodes[i] = null;
  });
  return compact({ ...graph, tensors, nodes: nodes.filter((n) => n !== null) });
}

/** For each place of the turned image the place it had. */
function orderOf(shape: readonly number[], perm: readonly number[]): Int32Array {
  const data = Int32Array.from({ length: sizeOf(shape) }, (_, i) => i);
  return relabelConstant({ name: '', shape, dtype: 'i32', data, quant: null }, perm).data as Int32Array;
}

interface Link {
  readonly place: number;
  /** Operands and axes that follow the units. */
  readonly constants: readonly (readonly [operand: number, axis: number])[];
}

/** The layer that makes the units of tensor `t`, and what works on them one by one in between; null where it is not so. */
function upToUnits(graph: Graph, by: Int32Array, isAlone: (t: number) => boolean, t: number): Link[] | null {
  const chain: Link[] = [];
  for (let now = t; ; ) {
    const place = by[now];
    if (place < 0) return null;
    const node = graph.nodes[place];
    const channels = channelsOf(graph, node);
    const units = graph.tensors[t].shape[1];
    const follow =
      channels.kind === 'mix' ? channels.out : channels.kind === 'keep' ? channels.along.filter(([o]) => o > 0) : null;
    if (!follow) return null;
    const constants = follow.filter(([operand]) => (node.inputs[operand] ?? -1) >= 0);
    const areConstant = constants.every(([operand, axis]) => {
      const tensor = graph.tensors[node.inputs[operand]];
      return tensor.data && tensor.shape[axis] === units;
    });
    if (!areConstant) return null;
    chain.push({ place, constants });
    if (channels.kind === 'mix') return chain;
    now = node.inputs[0];
    if (!isAlone(now)) return null;
  }
}

function withOrder(node: Node, constants: Link['constants'], tensors: Tensor[], order: Int32Array): Node {
  const inputs = [...node.inputs];
  for (const [operand, axis] of constants) inputs[operand] = tensors.push(picked(tensors[inputs[operand]], axis, order)) - 1;
  return { ...node, inputs };
}

/** A constant whose place i along `axis` is place `order[i]` of the one given. */
function picked(tensor: Tensor, axis: number, order: Int32Array): Tensor {
  const inner = sizeOf(tensor.shape.slice(axis + 1));
  const from = tensor.data as Float32Array;
  const data = from.slice();
  const size = tensor.shape[axis] * inner;
  for (let start = 0; start < data.length; start += size)
    order.forEach((o, i) => {
      data.set(from.subarray(start + o * inner, start + (o + 1) * inner), start + i * inner);
    });
  return { ...tensor, data };
}
