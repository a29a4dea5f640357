import {
  compact,
  type Graph,
  type Node,
  newValues,
  type Quantization,
  sizeOf,
  type Tensor,
  type Values,
} from '../graph/graph.ts';
import { type Channels, rowOf, type Shape } from '../ops/index.ts';
import { inferShapes } from './compile.ts';

/** Channel `channel` of operand `operand`. */
export interface ChannelSource {
  readonly operand: number;
  readonly channel: number;
}

/** How channels pass through a node of a graph. */
export function channelsOf(graph: Graph, node: Node): Channels {
  return rowOf(node.op).channels(
    node.attrs,
    node.inputs.map((t) => (t < 0 ? null : graph.tensors[t].shape)),
  );
}

/** Channels are the last dimension. */
export const channelCount = (shape: Shape): number => shape[shape.length - 1] ?? 1;

/** For each channel of the output, the channels of operands it comes from alone; null where channels are mixed. */
export function channelSources(graph: Graph, node: Node): ChannelSource[][] | null {
  const channels = channelsOf(graph, node);
  const shape = (operand: number) => graph.tensors[node.inputs[operand]].shape;
  const count = channelCount(graph.tensors[node.outputs[0]].shape);
  const each = (of: (channel: number) => ChannelSource[]) => Array.from({ length: count }, (_, i) => of(i));
  switch (channels.kind) {
    case 'keep': {
      const { along, multiplier = 1 } = channels;
      const present = along.filter(([operand]) => node.inputs[operand] >= 0);
      return each((i) => present.map(([operand], k) => ({ operand, channel: k === 0 ? Math.floor(i / multiplier) : i })));
    }
    case 'concat':
      return node.inputs.flatMap((_, operand) =>
        Array.from({ length: channelCount(shape(operand)) }, (_, channel) => [{ operand, channel }]),
      );
    case 'flatten':
      return each((i) => [{ operand: 0, channel: i % channelCount(shape(0)) }]);
    default:
      return null;
  }
}

/** Channels to cut, by computed tensor: 1 where one is cut. */
export type Cut = ReadonlyMap<number, Uint8Array>;

/**
 * The graph without the channels of `cut`, which must hold all that are cut together: what an operator keeps, joins or flattens
 * is cut on both of its sides. Weights, biases, masks and scales shrink with them.
 */
export function cutChannels(graph: Graph, cut: Cut): Graph {
  const tensors = [...graph.tensors];
  const uses = new Int32Array(tensors.length);
  for (const node of graph.nodes) for (const t of node.inputs) if (t >= 0) uses[t]++;
  const nodes = graph.nodes.map((node) => {
    const inputs = [...node.inputs];
    for (const [operand, axis, removed] of parameterCuts(graph, node, cut)) {
      const t = inputs[operand];
      if (!(t >= 0) || !removed.includes(1)) continue;
      const smaller = withoutPlaces(tensors[t], axis, removed);
      if (t < uses.length && uses[t] > 1) inputs[operand] = tensors.push(smaller) - 1;
      else tensors[t] = smaller;
    }
    return { ...node, inputs, ...attrsLeft(graph, node, cut) };
  });
  const smaller = compact({ ...graph, tensors, nodes });
  const shapes = inferShapes(smaller, 1);
  return { ...smaller, tensors: smaller.tensors.map((t, i) => (t.data ? t : { ...t, shape: shapes[i] })) };
}

/** Sizes of a split, without the channels that are cut. */
function attrsLeft(graph: Graph, node: Node, cut: Cut): Pick<Node, 'attrs'> | null {
  const channels = channelsOf(graph, node);
  if (channels.kind !== 'split' || !cut.has(node.inputs[0])) return null;
  const gone = (t: number) => cut.get(t)?.reduce((n, removed) => n + removed, 0) ?? 0;
  return { attrs: { ...node.attrs, sizes: channels.sizes.map((size, i) => size - gone(node.outputs[i])) } };
}

/** [operand, axis, places that are cut] of the constants and the state of a node. */
function parameterCuts(graph: Graph, node: Node, cut: Cut): [number, number, Uint8Array][] {
  const channels = channelsOf(graph, node);
  const into = cut.get(node.inputs[0]);
  const out = cut.get(node.outputs[0]);
  const isConstant = (operand: number) => {
    const t = graph.tensors[node.inputs[operand]];
    return t?.data != null || t?.variable === true;
  };
  switch (channels.kind) {
    case 'mix':
      return [
        ...channels.in.flatMap(([operand, axis]): [number, number, Uint8Array][] => (into ? [[operand, axis, into]] : [])),
        ...channels.out.flatMap(([operand, axis]): [number, number, Uint8Array][] => (out ? [[operand, axis, out]] : [])),
        ...(channels.state && out
          ? [[channels.state[0], 1, repeated(out, channels.state[1])] as [number, number, Uint8Array]]
          : []),
      ];
    case 'grouped':
      return [
        ...channels.in.flatMap(([operand, axis]): [number, number, Uint8Array][] =>
          into ? [[operand, axis, into.subarray(0, into.length / channels.groups)]] : [],
        ),
        ...channels.out.flatMap(([operand, axis]): [number, number, Uint8Array][] => (out ? [[operand, axis, out]] : [])),
      ];
    case 'keep':
      return channels.along.flatMap(([operand, axis]): [number, number, Uint8Array][] =>
        out && isConstant(operand) ? [[operand, axis, out]] : [],
      );
    case 'concat': {
      let first = 0;
      return node.inputs.flatMap((t, operand): [number, number, Uint8Array][] => {
        const { shape } = graph.tensors[t];
        const from = first;
        first += channelCount(shape);
        return out && isConstant(operand) ? [[operand, shape.length - 1, out.subarray(from, first)]] : [];
      });
    }
    default:
      return [];
  }
}

/** Each place `times` times. */
const repeated = (places: Uint8Array, times: number): Uint8Array =>
  Uint8Array.from({ length: places.length * times }, (_, i) => places[Math.floor(i / times)]);

/** A constant without some places along `axis`. */
function withoutPlaces(tensor: Tensor, axis: number, removed: Uint8Array): Tensor {
  const { shape, data, mask, quant } = tensor;
  const left = removed.reduce((n, g) => n - g, removed.length);
  const smaller = {
    ...tensor,
    shape: shape.map((d, i) => (i === axis ? left : d)),
    data: data && pick(data, newValues(tensor.dtype, (data.length / removed.length) * left), shape, axis, removed),
    quant: quant && smallerQuantization(quant, axis, removed),
  };
  return mask
    ? { ...smaller, mask: pick(mask, new Uint8Array((mask.length / removed.length) * left), shape, axis, removed) }
    : smaller;
}

function smallerQuantization(quant: Quantization, axis: number, removed: Uint8Array): Quantization {
  if (quant.axis !== axis) return quant;
  const stays = (_: number, i: number) => !removed[i];
  const scales = quant.scales.filter(stays);
  return { ...quant, scales, zeros: quant.zeros.filter(stays), axis: scales.length > 1 ? axis : null };
}

function pick<T extends Values>(from: Values, to: T, shape: Shape, axis: number, removed: Uint8Array): T {
  const inner = sizeOf(shape.slice(axis + 1));
  let at = 0;
  for (let i = 0; i < from.length; i += inner) {
    if (removed[(i / inner) % removed.length]) continue;
    (to as Int8Array).set((from as Int8Array).subarray(i, i + inner), at);
    at += inner;
  }
  return to;
}
