import type { Graph, Node } from '../graph/graph.ts';
import { type Cut, channelCount, channelSources, channelsOf } from '../run/channels.ts';
import { layerOf } from '../run/layers.ts';

/** A channel of a computed tensor. */
export interface Slot {
  readonly tensor: number;
  readonly channel: number;
}

/** Channels that only make sense together: residual adds, concats, depthwise layers and flattening tie them. */
export type Unit = readonly Slot[];

/** Units that lie in the same tensors: any of them may be cut without the others. */
export interface ChannelGroup {
  /** The first layer that makes these channels. */
  readonly name: string;
  readonly units: readonly Unit[];
}

/** Groups of channels that pruning may cut, in the order of the graph. Inputs, outputs and what operators pin down are left out. */
export function channelGroups(graph: Graph): ChannelGroup[] {
  const slots = new SlotSets(graph);
  for (const t of [...graph.inputs, ...graph.outputs, ...ofSharedWeights(graph)]) slots.lock(t);
  for (const node of graph.nodes) {
    const isComputed = (operand: number) => node.inputs[operand] >= 0 && !graph.tensors[node.inputs[operand]].data;
    const sources = channelSources(graph, node);
    const channels = channelsOf(graph, node);
    if (sources) {
      sources.forEach((from, channel) => {
        for (const s of from) {
          if (isComputed(s.operand)) for (const y of node.outputs) slots.join(node.inputs[s.operand], s.channel, y, channel);
        }
      });
      node.inputs.forEach((t, operand) => {
        if (isComputed(operand) && !sources.some((from) => from.some((s) => s.operand === operand))) slots.lock(t);
      });
    } else if (channels.kind === 'split') {
      let first = 0;
      for (const [i, size] of channels.sizes.entries()) {
        for (let c = 0; c < size; c++) slots.join(node.inputs[0], first + c, node.outputs[i], c);
        first += size;
      }
    } else if (channels.kind === 'grouped') {
      for (const t of [node.inputs[0], node.outputs[0]]) slots.tie(t, channels.groups);
    } else if (channels.kind !== 'mix') {
      for (const t of [...node.inputs.filter((_, i) => isComputed(i)), ...node.outputs]) slots.lock(t);
    }
  }
  return groupsOf(graph, slots.units());
}

/** Outputs of layers that share weights, as the steps of an LSTM do: a channel would have to go from all of them. */
function ofSharedWeights({ nodes }: Graph): number[] {
  const uses = new Map<number, number>();
  const weightsOf = (node: Node) => layerOf(node)?.weights ?? -1;
  for (const node of nodes) uses.set(weightsOf(node), (uses.get(weightsOf(node)) ?? 0) + 1);
  return nodes.flatMap((node) => (weightsOf(node) >= 0 && uses.get(weightsOf(node))! > 1 ? node.outputs : []));
}

/** Whether the channels of its outputs are new ones. */
const makes = (graph: Graph, node: Node): boolean => !channelSources(graph, node) && channelsOf(graph, node).kind !== 'split';

function groupsOf(graph: Graph, units: readonly Unit[]): ChannelGroup[] {
  const maker = new Map<number, string>();
  for (const node of graph.nodes) if (makes(graph, node)) for (const t of node.outputs) maker.set(t, node.name);
  const groups = new Map<string, { name: string; units: Unit[] }>();
  for (const unit of units) {
    const key = [...new Set(unit.map((s) => s.tensor))].join();
    const made = unit.find((s) => maker.has(s.tensor));
    if (!made) continue;
    const group = groups.get(key) ?? { name: maker.get(made.tensor)!, units: [] };
    group.units.push(unit);
    groups.set(key, group);
  }
  return uniquelyNamed([...groups.values()]);
}

function uniquelyNamed(groups: readonly ChannelGroup[]): ChannelGroup[] {
  const seen = new Map<string, number>();
  return groups.map((group) => {
    const n = (seen.get(group.name) ?? 0) + 1;
    seen.set(group.name, n);
    return n === 1 ? group : { ...group, name: `${group.name}#${n}` };
  });
}

/** The channels of units, by tensor. */
export function cutOf(graph: Graph, units: readonly Unit[]): Cut {
  const cut = new Map<number, Uint8Array>();
  for (const { tensor, channel } of units.flat()) {
    const removed = cut.get(tensor) ?? new Uint8Array(channelCount(graph.tensors[tensor].shape));
    removed[channel] = 1;
    cut.set(tensor, removed);
  }
  return cut;
}

/** Union of slots, with a mark on those that must stay. */
class SlotSets {
  readonly #first: number[];
  readonly #root: Int32Array;
  readonly #locked: Uint8Array;
  readonly #graph: Graph;

  constructor(graph: Graph) {
    this.#graph = graph;
    let total = 0;
    this.#first = graph.tensors.map((t) => {
      const at = total;
      if (!t.data) total += channelCount(t.shape);
      return at;
    });
    this.#root = Int32Array.from({ length: total }, (_, i) => i);
    this.#locked = new Uint8Array(total);
  }

  #find(slot: number): number {
    const root = this.#root;
    while (root[slot] !== slot) {
      root[slot] = root[root[slot]];
      slot = root[slot];
    }
    return slot;
  }

  join(ta: number, a: number, tb: number, b: number): void {
    const one = this.#find(this.#first[ta] + a);
    const other = this.#find(this.#first[tb] + b);
    const [low, high] = one < other ? [one, other] : [other, one];
    this.#root[high] = low;
    this.#locked[low] |= this.#locked[high];
  }

  /** The same places of equal parts of a tensor's channels. */
  tie(t: number, parts: number): void {
    if (this.#graph.tensors[t].data) return;
    const size = channelCount(this.#graph.tensors[t].shape) / parts;
    for (let i = size; i < parts * size; i++) this.join(t, i % size, t, i);
  }

  lock(t: number): void {
    if (this.#graph.tensors[t].data) return;
    for (let c = 0; c < channelCount(this.#graph.tensors[t].shape); c++) this.#locked[this.#find(this.#first[t] + c)] = 1;
  }

  units(): Slot[][] {
    const units = new Map<number, Slot[]>();
    this.#graph.tensors.forEach((t, tensor) => {
      if (t.data) return;
      for (let channel = 0; channel < channelCount(t.shape); channel++) {
        const root = this.#find(this.#first[tensor] + channel);
        if (this.#locked[root]) continue;
        const unit = units.get(root);
        if (unit) unit.push({ tensor, channel });
        else units.set(root, [{ tensor, channel }]);
      }
    });
    return [...units.values()];
  }
}
