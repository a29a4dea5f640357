import {
  type Graph,
  indexAlong,
  integerRange,
  isInteger,
  type Node,
  newValues,
  sizeOf,
  type Tensor,
  toValues,
  type Values,
} from '../graph/graph.ts';
import { biasQuantization, productMultipliers } from '../ops/requant.ts';
import { channelCount, channelSources, channelsOf } from '../run/channels.ts';
import { layerOf, withParameters } from '../run/layers.ts';
import type { Heap } from '../wasm/heap.ts';
import { zeroOf } from './meaning.ts';
import { answers } from './probe.ts';

/** For each channel the value it has at every place for every input, as stored; NaN where it varies. By tensor. */
export type ConstantChannels = ReadonlyMap<number, Float64Array>;

/** Finds channels whose value never changes. The engine itself says what the value is, so it is right to the bit. */
export function constantChannels(heap: Heap, graph: Graph): ConstantChannels {
  const known = new Map<number, Float64Array>();
  const of = (t: number): Float64Array => {
    const found = known.get(t) ?? uniformChannels(graph.tensors[t]);
    known.set(t, found);
    return found;
  };
  for (const node of graph.nodes) {
    const found = linearLayer(graph, node) ? linearConstants(heap, graph, node, of) : keptConstants(heap, graph, node, of);
    found?.forEach((values, i) => {
      known.set(node.outputs[i], values);
    });
  }
  return known;
}

/** Channels of a constant that hold one value everywhere; all of a computed tensor vary until more is known. */
function uniformChannels({ data, shape }: Tensor): Float64Array {
  const count = channelCount(shape);
  return data ? channelsThatNeverChange(data, count) : new Float64Array(count).fill(Number.NaN);
}

function channelsThatNeverChange(values: Values, count: number): Float64Array {
  const found = Float64Array.from({ length: count }, (_, c) => Number(values[c]));
  for (let i = count; i < values.length; i++) if (Number(values[i]) !== found[i % count]) found[i % count] = Number.NaN;
  return found;
}

/** Values of a tensor with its constant channels as they are. */
function valuesWith(tensor: Tensor, constants: Float64Array): Values {
  const values = newValues(tensor.dtype, sizeOf(tensor.shape));
  const rest = zeroOf(tensor);
  for (let i = 0; i < values.length; i++) {
    const v = constants[i % constants.length];
    values[i] = Number.isNaN(v) ? rest : v;
  }
  return values;
}

/** Where each channel comes from channels of its own: constant ones in, and the same answer at every place. */
function keptConstants(heap: Heap, graph: Graph, node: Node, of: (t: number) => Float64Array): Float64Array[] | null {
  const sources = channelSources(graph, node);
  const computed = node.inputs.filter((t) => t >= 0 && !graph.tensors[t].data);
  if (!sources || graph.tensors.some((t, i) => t.variable && node.inputs.includes(i))) return null;
  // a float operand may hold NaN in one channel only if the others cannot see it; wider types are not tried
  if (computed.some((t) => graph.tensors[t].dtype === 'i64')) return null;
  const settled = sources.map((from) => {
    const channels = from.filter((s) => !graph.tensors[node.inputs[s.operand]].data);
    return channels.length > 0 && channels.every((s) => !Number.isNaN(of(node.inputs[s.operand])[s.channel]));
  });
  if (!settled.includes(true)) return null;
  const unseen = computed.some(
    (t) => !sources.some((from) => from.some((s) => node.inputs[s.operand] === t)) && of(t).some(Number.isNaN),
  );
  if (unseen) return null;
  const given = new Map(computed.map((t) => [t, valuesWith(graph.tensors[t], of(t))]));
  const outputs = answers(heap, graph, node, given);
  if (!outputs) return null;
  const onlySettled = (v: number, c: number) => (settled[c] ? v : Number.NaN);
  return outputs.map((values) => channelsThatNeverChange(values, settled.length).map(onlySettled));
}

/** The weights and the bias of a linear layer whose weights are constant, and how its channels lie in them. */
export interface LinearLayer {
  readonly weights: Tensor;
  readonly units: number;
  /** Output channel that weight i makes. */
  unit(i: number): number;
  /** Input channel that weight i multiplies. */
  inChannel(i: number): number;
  readonly padded: boolean;
}

export function linearLayer(graph: Graph, node: Node): LinearLayer | null {
  const channels = channelsOf(graph, node);
  const layer = layerOf(node);
  if (!layer || (channels.kind !== 'mix' && channels.kind !== 'keep') || !channels.linear) return null;
  const weights = graph.tensors[layer.weights];
  if (!weights.data || (layer.bias >= 0 && !graph.tensors[layer.bias].data)) return null;
  const { shape } = weights;
  const inAxis = channels.kind === 'mix' ? channels.in[0][1] : null;
  const unit = indexAlong(shape, layer.axis);
  const multiplier = channels.kind === 'keep' ? (channels.multiplier ?? 1) : 1;
  return {
    weights,
    units: shape[layer.axis],
    unit,
    inChannel: inAxis === null ? (i) => Math.floor(unit(i) / multiplier) : indexAlong(shape, inAxis),
    padded: channels.linear === 'padded',
  };
}

/**
 * Of a linear layer: the sum before rescaling lies between two bounds for every input; where the layer answers the same to
 * both, rescaling and clamping leave nothing to vary.
 */
function linearConstants(heap: Heap, graph: Graph, node: Node, of: (t: number) => Float64Array): Float64Array[] | null {
  const layer = linearLayer(graph, node)!;
  const { x, weights: w, bias: own } = layerOf(node)!;
  const input = graph.tensors[x];
  const isWide = isInteger(input.dtype) && input.dtype !== 'i8';
  if (isWide && own < 0) return null; // its bias would decide how it rounds
  const { low, high } = sumBounds(graph, node, layer, of(x));
  const sane = safeUnits(graph, node, low, high);
  if (!sane.includes(1)) return null;
  const weights = {
    ...layer.weights,
    data: newValues(layer.weights.dtype, layer.weights.data!.length).fill(zeroOf(layer.weights) as never) as Values,
  };
  const given = new Map([[x, valuesWith(input, new Float64Array(channelCount(input.shape)).fill(Number.NaN))]]);
  const answer = (sums: Float64Array) => {
    const bias = biasTensor(
      graph,
      node,
      sums.map((s, o) => (sane[o] ? s : 0)),
    );
    const extended = { ...graph, tensors: [...graph.tensors, bias] };
    const biased = withParameters(node, { bias: graph.tensors.length });
    return answers(heap, extended, biased, given, new Map([[w, weights]]));
  };
  const [atLow, atHigh] = [answer(low), answer(high)];
  if (!atLow || !atHigh) return null;
  return [low.map((_, o) => (sane[o] && atLow[0][o] === atHigh[0][o] ? Number(atLow[0][o]) : Number.NaN))];
}

function sumBounds(graph: Graph, node: Node, layer: LinearLayer, constants: Float64Array) {
  const input = graph.tensors[node.inputs[0]];
  const { data } = layer.weights;
  const low = biasSums(graph, node, layer);
  const high = low.slice();
  const zero = zeroOf(input);
  const range = isInteger(input.dtype)
    ? integerRange(input.dtype)
    : { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };
  for (let i = 0; i < data!.length; i++) {
    const weight = Number(data![i]) - zeroOf(layer.weights);
    if (weight === 0) continue;
    const o = layer.unit(i);
    const v = constants[layer.inChannel(i)];
    const a = weight * ((Number.isNaN(v) ? range.min : v) - zero);
    const b = weight * ((Number.isNaN(v) ? range.max : v) - zero);
    const [least, most] = a < b ? [a, b] : [b, a];
    low[o] += layer.padded && least > 0 ? 0 : least;
    high[o] += layer.padded && most < 0 ? 0 : most;
  }
  return { low, high };
}

/** Where both bounds are finite and far from where 32-bit arithmetic would wrap. */
function safeUnits(graph: Graph, node: Node, low: Float64Array, high: Float64Array): Uint8Array {
  const [x, w, y] = [node.inputs[0], layerOf(node)!.weights, node.outputs[0]].map((t) => graph.tensors[t]);
  const multipliers = isInteger(x.dtype) ? productMultipliers(x, w, y) : null;
  return Uint8Array.from(low, (l, o) => {
    const largest = Math.max(Math.abs(l), Math.abs(high[o]));
    if (!multipliers) return Number(Number.isFinite(largest));
    const { shift } = multipliers[multipliers.length > 1 ? o : 0];
    return Number(largest * 2 ** Math.max(shift, 0) < 2 ** 31);
  });
}

/** What each unit's sum begins with. */
export function biasSums(graph: Graph, node: Node, { units }: LinearLayer): Float64Array {
  const bias = graph.tensors[layerOf(node)!.bias]?.data ?? null;
  return Float64Array.from({ length: units }, (_, o) => (bias ? Number(bias[o]) : 0));
}

/** A bias of these sums, in the type and scale the layer's own has or would have. */
export function biasTensor(graph: Graph, node: Node, sums: Float64Array): Tensor {
  const layer = layerOf(node)!;
  const own = graph.tensors[layer.bias] ?? null;
  const [x, w] = [graph.tensors[layer.x], graph.tensors[layer.weights]];
  const dtype = own?.dtype ?? (isInteger(x.dtype) ? 'i32' : 'f32');
  const data = toValues(dtype, sums);
  if (own) return { ...own, data };
  const quant = dtype !== 'f32' && x.quant && w.quant ? biasQuantization(x.quant, w.quant) : null;
  return { name: `${node.name}/bias`, shape: [sums.length], dtype, data, quant };
}
