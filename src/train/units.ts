/** Data in units that train well, and layers that take up the units of the data afterwards: the same function. */
import {
  type ChannelSpread,
  channelSpreads,
  type DataInput,
  type Dataset,
  inputsOf,
  type Labels,
  needPart,
  type Part,
  planBatch,
} from '../data/index.ts';
import { consumers, type Graph, type Node, producers, sizeOf, type Tensor, withTensors } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import type { Task } from '../task/index.ts';

export interface Units {
  /** The data in other units. */
  of(data: Dataset): Dataset;
  /** A graph that does on the data what the given one does on the data in other units. */
  into(graph: Graph): Graph;
}

const SAME: Units = { of: (data) => data, into: (graph) => graph };

/** A layer that reads an input, from a column of its weights on: several inputs may be side by side in what it reads. */
interface Reading {
  readonly node: Node;
  readonly from: number;
}

/** x' = (x - mean) / spread, by channel */
interface InputUnit {
  readonly readings: readonly Reading[];
  /** Columns of the weights that read it. */
  readonly size: number;
  readonly channels: readonly ChannelSpread[];
  /** Among the dataset's. */
  readonly source: number;
}

/**
 * Every channel of an input with a mean of 0 and a spread of 1, where dense layers read it. Convolutions surround it with zeros, which must
 * stay zeros: where they read it, it keeps its mean and gets a root mean square of 1.
 */
export function inputUnits(graph: Graph, data: Dataset): Units {
  const inputs = inputsOf(graph);
  const spreads = channelSpreads(data, inputs);
  const plan = planBatch(data, inputs);
  const readers = consumers(graph);
  const units = graph.inputs.flatMap((t, i): InputUnit[] => {
    const readings = readingsOf(graph, readers, t);
    const { source, size } = plan.inputs[i];
    const dense = readings?.every(({ node }) => isLayer(graph, node, 'fullyConnected'));
    const conv = readings?.every(({ node }) => isLayer(graph, node, 'conv2d'));
    if (!readings?.length || !(dense || conv)) return [];
    const rms = ({ mean, spread }: ChannelSpread) => ({ mean: 0, spread: Math.sqrt(mean * mean + spread * spread) });
    const channels = spreads[i].map(dense ? (c) => c : rms).map(({ mean, spread }) => ({ mean, spread: spread || 1 }));
    return [{ readings, size: dense ? size / plan.calls : channels.length, channels, source }];
  });
  return units.length ? { of: (d) => withInputs(d, units), into: (g) => units.reduce(readingIn, g) } : SAME;
}

/** The layers that read a tensor, also behind concatenations; null where something else reads it. */
function readingsOf(graph: Graph, readers: readonly (readonly number[])[], t: number): Reading[] | null {
  const found: Reading[] = [];
  for (const node of readers[t].map((n) => graph.nodes[n])) {
    if (node.op !== 'concat') {
      found.push({ node, from: 0 });
      continue;
    }
    const widths = node.inputs.map((x) => graph.tensors[x].shape.at(-1)!);
    const [y] = node.outputs;
    const isVector = graph.tensors[y].shape.length === 2 && node.attrs.activation === 'none';
    const behind = readers[y].map((n) => graph.nodes[n]);
    if (!isVector || !behind.every(({ op }) => op === 'fullyConnected') || graph.outputs.includes(y)) return null;
    const from = widths.slice(0, node.inputs.indexOf(t)).reduce((a, b) => a + b, 0);
    found.push(...behind.map((reader) => ({ node: reader, from })));
  }
  return found;
}

/** A layer with its own weights; a dense one with a bias, which takes up the mean. */
function isLayer({ tensors }: Graph, { op, inputs }: Node, wanted: 'fullyConnected' | 'conv2d'): boolean {
  const [, w, b = -1] = inputs;
  const hasBias = tensors[b]?.data instanceof Float32Array;
  return op === wanted && tensors[w]?.data instanceof Float32Array && (hasBias || wanted === 'conv2d');
}

function withInputs(data: Dataset, units: readonly InputUnit[]): Dataset {
  const inputs = data.inputs.map((input, source): DataInput => {
    const unit = units.find((u) => u.source === source);
    if (!unit) return input;
    const { scale, mean, std } = input.normalization ?? data.normalization;
    const at = (list: readonly number[], c: number) => list[list.length > 1 ? c : 0];
    const normalization = {
      scale,
      mean: unit.channels.map((u, c) => at(mean, c) + at(std, c) * u.mean),
      std: unit.channels.map((u, c) => at(std, c) * u.spread),
    };
    return { ...input, normalization };
  });
  return { ...data, inputs };
}

const NO_UNIT: ChannelSpread = { mean: 0, spread: 1 };

/** w' = w / spread, b' = b - sum of w' * mean, by the channel that a weight reads: the last axis, again and again. */
function readingIn(graph: Graph, { readings, size, channels }: InputUnit): Graph {
  const changes = new Map<number, Tensor>();
  for (const { node, from } of readings) {
    const [, w, b] = node.inputs;
    const weights = graph.tensors[w];
    const columns = sizeOf(weights.shape.slice(1));
    const isConv = node.op === 'conv2d';
    const unit = (i: number) => {
      const column = (i % columns) - from;
      return isConv || (column >= 0 && column < size) ? channels[column % channels.length] : NO_UNIT;
    };
    const data = (weights.data as Float32Array).map((value, i) => value / unit(i).spread);
    changes.set(w, { ...weights, data });
    if (isConv) continue; // its unit has no mean
    const bias = Float64Array.from(graph.tensors[b].data as Float32Array);
    data.forEach((value, i) => {
      bias[Math.floor(i / columns)] -= value * unit(i).mean;
    });
    changes.set(b, { ...graph.tensors[b], data: Float32Array.from(bias) });
  }
  return withTensors(graph, changes);
}

/** The targets of a regression, each with a mean of 0 and a spread of 1, so that all are learned in any unit. */
export function targetUnit(graph: Graph, data: Dataset, task: Task): Units {
  const layer = task.name === 'regression' && task.places === 1 ? lastLayer(graph, task.output) : null;
  if (!layer) return SAME;
  const { y, count } = needPart(data, 'train');
  const means = new Float64Array(task.width);
  y!.forEach((value, i) => {
    means[i % task.width] += value / count;
  });
  const squares = new Float64Array(task.width);
  y!.forEach((value, i) => {
    squares[i % task.width] += (value - means[i % task.width]) ** 2 / count;
  });
  const spreads = squares.map((v) => Math.sqrt(v) || 1);
  const moved = (labels: Labels) =>
    Float32Array.from(labels, (value, i) => (value - means[i % task.width]) / spreads[i % task.width]);
  const part = (p: Part | null) => p && { ...p, y: p.y && moved(p.y) };
  return {
    of: (d) => ({ ...d, train: part(d.train), validation: part(d.validation), test: part(d.test) }),
    into: (g) => answeringIn(g, layer, spreads, means),
  };
}

/** The linear layer whose rows are the values of an output; null where there is none. */
function lastLayer(graph: Graph, output: number): Node | null {
  const node = graph.nodes[producers(graph)[graph.outputs[output]]];
  const layer = node ? rowOf(node.op).layer : null;
  const hasBias = layer && graph.tensors[node.inputs[layer.bias] ?? -1]?.data instanceof Float32Array;
  return hasBias && layer.axis === 0 && layer.bias === 2 && node.attrs.activation === 'none' ? node : null;
}

/** y = spread * y' + mean */
function answeringIn(graph: Graph, { inputs: [, w, b] }: Node, spreads: Float64Array, means: Float64Array): Graph {
  const [weights, bias] = [graph.tensors[w], graph.tensors[b]];
  const columns = weights.data!.length / spreads.length;
  const grown = (weights.data as Float32Array).map((value, i) => value * spreads[Math.floor(i / columns)]);
  const shifted = (bias.data as Float32Array).map((value, k) => value * spreads[k] + means[k]);
  return withTensors(
    graph,
    new Map([
      [w, { ...weights, data: grown }],
      [b, { ...bias, data: shifted }],
    ]),
  );
}
