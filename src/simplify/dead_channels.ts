import { type Graph, isInteger, type Node } from '../graph/graph.ts';
import { type Cut, channelCount, channelSources, channelsOf, cutChannels } from '../run/channels.ts';
import { layerOf, withParameters } from '../run/layers.ts';
import type { Heap } from '../wasm/heap.ts';
import {
  biasSums,
  biasTensor,
  type ConstantChannels,
  constantChannels,
  type LinearLayer,
  linearLayer,
} from './constant_channels.ts';
import { zeroOf } from './meaning.ts';

/**
 * The graph without channels whose value never changes or that no consumer reads. A constant moves into the bias of the layers that
 * read it; a channel stays where its constant meets padding, or an operator needs it.
 */
export function removeDeadChannels(heap: Heap, graph: Graph): Graph {
  const constants = constantChannels(heap, graph);
  const cut = removable(graph, constants);
  if (![...cut.values()].some((removed) => removed.includes(1))) return graph;
  return cutChannels(intoBiases(graph, constants, cut), cut);
}

/** The largest set of channels that can be removed together: all are assumed removable, and those that are not keep what they are tied to. */
function removable(graph: Graph, constants: ConstantChannels): Cut {
  const cut = new Map<number, Uint8Array>();
  for (const t of [...graph.inputs, ...graph.nodes.flatMap((n) => n.outputs)]) {
    if (!graph.tensors[t].data) cut.set(t, new Uint8Array(channelCount(graph.tensors[t].shape)).fill(1));
  }
  for (const t of [...graph.inputs, ...graph.outputs]) cut.get(t)?.fill(0);
  const rules = graph.nodes.map((node) => ruleOf(graph, node, constants, cut)).reverse();
  for (;;) {
    let any = true;
    while (any) {
      any = false;
      for (const rule of rules) any = rule() || any;
    }
    const empty = [...cut].find(([, removed]) => !removed.includes(0));
    if (!empty) return cut;
    empty[1][0] = 0;
  }
}

/** Calls channels back that a node ties or needs; true where it called any. */
type Rule = () => boolean;

function ruleOf(graph: Graph, node: Node, constants: ConstantChannels, cut: Cut): Rule {
  const layer = linearLayer(graph, node);
  if (layer && channelsOf(graph, node).kind === 'mix') return layerRule(graph, node, layer, constants, cut);
  const sources = channelSources(graph, node);
  const computed = [...node.inputs, ...node.outputs].map((t) => cut.get(t)).filter((removed) => removed !== undefined);
  const pinned = (list: readonly Uint8Array[]) => () => list.map(callBack).includes(true);
  if (!sources) return pinned(computed);
  const tied = sources.map((from, channel) => [
    ...node.outputs.flatMap((t) => slot(cut.get(t), channel)),
    ...from.flatMap((s) => slot(cut.get(node.inputs[s.operand]), s.channel)),
  ]);
  const seen = new Set(sources.flatMap((from) => from.map((s) => node.inputs[s.operand])));
  const others = pinned(node.inputs.filter((t) => !seen.has(t)).flatMap((t) => cut.get(t) ?? []));
  return () => [others(), ...tied.map(agree)].includes(true);
}

type Slot = readonly [Uint8Array, number];

const slot = (removed: Uint8Array | undefined, channel: number): Slot[] => (removed ? [[removed, channel]] : []);

function callBack(removed: Uint8Array): boolean {
  const any = removed.includes(1);
  removed.fill(0);
  return any;
}

/** All of them are removed, or none. */
function agree(slots: readonly Slot[]): boolean {
  if (slots.every(([removed, c]) => removed[c])) return false;
  const any = slots.some(([removed, c]) => removed[c]);
  for (const [removed, c] of slots) removed[c] = 0;
  return any;
}

/** An input channel may be removed where no remaining unit multiplies it, or its constant can move into their bias. */
function layerRule(graph: Graph, node: Node, layer: LinearLayer, constants: ConstantChannels, cut: Cut): Rule {
  const [into, out] = [cut.get(node.inputs[0]), cut.get(node.outputs[0])];
  if (!into) return () => false;
  const { units } = layer;
  const reads = new Uint8Array(into.length * units);
  forEachWeight(layer, (i, weight) => {
    if (weight !== 0) reads[layer.inChannel(i) * units + layer.unit(i)] = 1;
  });
  const free = foldable(graph, node, layer, constants);
  const isRead = (c: number) => {
    for (let unit = 0; unit < units; unit++) if (reads[c * units + unit] && !out?.[unit]) return true;
    return false;
  };
  return () => {
    let any = false;
    into.forEach((removed, c) => {
      if (!removed || free[c] || !isRead(c)) return;
      into[c] = 0;
      any = true;
    });
    return any;
  };
}

/** Channels whose constant makes the same sum at every place of the output, and where the bias can take it. */
function foldable(graph: Graph, node: Node, layer: LinearLayer, constants: ConstantChannels): boolean[] {
  const input = graph.tensors[node.inputs[0]];
  const values = constants.get(node.inputs[0]) ?? new Float64Array(channelCount(input.shape)).fill(Number.NaN);
  const isInt = isInteger(input.dtype);
  const zero = zeroOf(input);
  const hasBias = layerOf(node)!.bias >= 0;
  const sums = biasSums(graph, node, layer).map(Math.abs);
  forEachWeight(layer, (i, weight) => {
    const v = values[layer.inChannel(i)];
    if (!Number.isNaN(v)) sums[layer.unit(i)] += Math.abs(weight * (v - zero));
  });
  const fits = !isInt || sums.every((sum) => sum < 2 ** 31);
  // a wide layer without bias rounds by another rule than one with
  const takes = !layer.padded && fits && (hasBias || !isInt || input.dtype === 'i8');
  return Array.from(values, (v) => !Number.isNaN(v) && (v === zero || takes));
}

function forEachWeight({ weights }: LinearLayer, visit: (i: number, weight: number) => void): void {
  const zero = zeroOf(weights);
  for (let i = 0; i < weights.data!.length; i++) visit(i, Number(weights.data![i]) - zero);
}

/** Constants of removed channels, added to the biases of the layers that read them. */
function intoBiases(graph: Graph, constants: ConstantChannels, cut: Cut): Graph {
  const tensors = [...graph.tensors];
  const nodes = graph.nodes.map((node) => {
    const layer = linearLayer(graph, node);
    const removed = cut.get(node.inputs[0]);
    const values = constants.get(node.inputs[0]);
    if (!layer || !removed || !values || channelsOf(graph, node).kind !== 'mix') return node;
    const sums = moved(graph, node, layer, values, removed);
    if (!sums) return node;
    const bias = tensors.push(biasTensor(graph, node, sums)) - 1;
    return withParameters(node, { bias });
  });
  return { ...graph, tensors, nodes };
}

/** The bias with the parts of removed channels, or null where they have none. */
function moved(graph: Graph, node: Node, layer: LinearLayer, values: Float64Array, removed: Uint8Array): Float64Array | null {
  const input = graph.tensors[node.inputs[0]];
  const zero = zeroOf(input);
  const sums = biasSums(graph, node, layer);
  let any = false;
  forEachWeight(layer, (i, weight) => {
    const c = layer.inChannel(i);
    if (!removed[c] || Number.isNaN(values[c]) || weight === 0 || values[c] === zero) return;
    sums[layer.unit(i)] += weight * (values[c] - zero);
    any = true;
  });
  return any ? sums : null;
}
