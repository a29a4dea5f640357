import { compact, type Graph, type Node } from '../graph/graph.ts';
import { channelCount } from '../run/channels.ts';
import { absorbed, linearReaders } from './absorb.ts';

/** y = x * factor + offset, channel by channel. */
interface Affine {
  readonly x: number;
  readonly factors: Float64Array;
  readonly offsets: Float64Array;
}

/**
 * Constant arithmetic on the channels of a float tensor (what is left of a normalization that is not behind a layer) is folded into the layers
 * that read it: w' = w * factor, b' = b + w * offset. It stays where anything but linear layers reads it, or where an offset meets padding.
 */
export function foldAffine(graph: Graph): Graph {
  for (const node of [...graph.nodes].reverse()) {
    const affine = affineOf(graph, node);
    if (!affine) continue;
    const { x } = affine;
    const [y] = node.outputs;
    const isShifted = affine.offsets.some((v) => v !== 0);
    const isPositive = affine.factors.every((v) => v > 0);
    const readers = linearReaders(graph, y, isShifted || !isPositive ? 'offsets' : 'factors');
    if (!readers) continue;
    const { tensors, nodes } = absorbed(graph, readers, affine.factors, isShifted ? affine.offsets : null);
    const rest = nodes.filter((n) => n !== node);
    const moved = rest.map((n) => (n.inputs.includes(y) ? { ...n, inputs: n.inputs.map((t) => (t === y ? x : t)) } : n));
    return foldAffine(compact({ ...graph, tensors, nodes: moved }));
  }
  return graph;
}

/** What a node does, where that is arithmetic by constants of its channels, or by one for all of them. */
function affineOf({ tensors }: Graph, node: Node): Affine | null {
  const { op, inputs, outputs, attrs } = node;
  if (!['add', 'sub', 'mul', 'div'].includes(op) || (attrs.activation ?? 'none') !== 'none') return null;
  const isTurned = (op === 'add' || op === 'mul') && tensors[inputs[0]].data !== null;
  const [place, other] = isTurned ? [inputs[1], inputs[0]] : inputs;
  const [x, c] = [tensors[place], tensors[other]];
  if (x.data || x.dtype !== 'f32' || !(c.data instanceof Float32Array)) return null;
  const { shape } = tensors[outputs[0]];
  const count = channelCount(shape);
  const isPerChannel = c.data.length === 1 || (c.data.length === count && channelCount(c.shape) === count);
  if (!isPerChannel || shape.join() !== x.shape.join()) return null;
  const values = c.data;
  const by = (of: (v: number) => number) => Float64Array.from({ length: count }, (_, i) => of(values[i % values.length]));
  const isFactor = op === 'mul' || op === 'div';
  const factors = by((v) => (isFactor ? (op === 'mul' ? v : 1 / v) : 1));
  if (!factors.every(Number.isFinite)) return null;
  return { x: place, factors, offsets: by((v) => (isFactor ? 0 : op === 'add' ? v : -v)) };
}
