import { CompressError } from '../errors.ts';
import {
  DTYPE_OF_BITS,
  type Graph,
  indexAlong,
  integerRange,
  isInteger,
  type Node,
  type Quantization,
  type Tensor,
  toValues,
  type Values,
} from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { roundAway } from '../ops/quantize_multiplier.ts';
import { biasQuantization } from '../ops/requant.ts';
import { layerOf, withParameters } from './layers.ts';

/**
 * The integer graph that a float graph with quantization records means: every tensor with a record becomes integers of its
 * bits, rounded half away from zero. A bias always gets x's scale times w's (32 bits; 64 beside 16-bit activations).
 *
 * @throws CompressError `not-ready` where a tensor has no record or BatchNorm is not folded
 */
export function toInteger(graph: Graph): Graph {
  const real = realNumbers(graph);
  const { nodes, tensors } = biasesOf(graph, real);
  for (const node of nodes) if (!real.has(node.outputs[0])) checkReady(node, tensors);
  return { ...graph, nodes, tensors: tensors.map(integerTensor) };
}

const floats = new WeakMap<Graph, Graph>();

/**
 * The float graph with records of which `toInteger` makes the very same integers (biases to 2^23 steps, where float32 ends); of the same
 * graph always the same one.
 */
export function toFloat(graph: Graph): Graph {
  const known = floats.get(graph);
  if (known) return known;
  const isQuantized = ({ quant, dtype }: Tensor) => quant !== null && isInteger(dtype);
  const tensors = graph.tensors.map((t): Tensor => (isQuantized(t) ? { ...t, dtype: 'f32', data: dequantize(t) } : t));
  const float = graph.tensors.some(isQuantized) ? { ...graph, tensors } : graph;
  floats.set(graph, float);
  return float;
}

/**
 * Tensors that are floats on purpose: what a DEQUANTIZE gives and what is made of nothing but that, and what a QUANTIZE behind it makes
 * integers of.
 */
export function realNumbers({ nodes, tensors }: Graph): Set<number> {
  const real = new Set<number>();
  const isReal = (t: number) => t >= 0 && !tensors[t].data && !tensors[t].quant && tensors[t].dtype === 'f32';
  for (const { op, inputs, outputs } of [...nodes].reverse()) {
    if (op === 'quantize' || outputs.some((t) => real.has(t))) for (const t of inputs) if (isReal(t)) real.add(t);
  }
  for (const { op, inputs, outputs } of nodes) {
    const computed = inputs.filter((t) => t >= 0 && !tensors[t].data);
    const stays = op !== 'quantize' && computed.length > 0 && computed.every((t) => real.has(t));
    if (op === 'dequantize' || stays) for (const t of outputs) if (!tensors[t].quant) real.add(t);
  }
  return real;
}

function checkReady(node: Node, tensors: readonly Tensor[]): void {
  const row = rowOf(node.op);
  if (row.lower === null && row.memory !== 'view') {
    throw new CompressError(
      'not-ready',
      `"${node.name}" (${node.op}) has no integer form`,
      'simplify the model first: it folds batch normalization',
    );
  }
  if (node.op !== 'quantize') for (const t of node.inputs) if (t >= 0) checkMeasured(tensors[t]);
  if (node.op !== 'dequantize') for (const t of node.outputs) checkMeasured(tensors[t]);
}

function checkMeasured({ name, dtype, quant }: Tensor): void {
  if (dtype !== 'f32' || quant) return;
  throw new CompressError(
    'not-ready',
    `tensor "${name}" has no scale and zero point`,
    'quantize the model first: it measures the range of every tensor',
  );
}

/** The graph with a record on each bias; a bias that layers of different scales share becomes one for each. */
function biasesOf(graph: Graph, real: ReadonlySet<number>): { nodes: Node[]; tensors: Tensor[] } {
  const tensors = [...graph.tensors];
  const given = new Set<number>();
  const nodes = graph.nodes.map((from) => {
    const node = withRecurrentRecords(from, tensors);
    const layer = layerOf(node);
    if (!layer || layer.bias < 0 || !tensors[layer.bias].data || real.has(layer.x)) return node;
    const { x, weights: w, bias } = layer;
    checkMeasured(tensors[x]);
    checkMeasured(tensors[w]);
    const quant = biasQuantization(tensors[x].quant!, tensors[w].quant!);
    if (given.has(bias) && tensors[bias].quant!.scales.join() !== quant.scales.join()) {
      const own = tensors.push({ ...tensors[bias], quant }) - 1;
      return withParameters(node, { bias: own });
    }
    given.add(bias);
    tensors[bias] = { ...tensors[bias], quant };
    return node;
  });
  return { nodes, tensors };
}

/** Biases and the state that is the output, of an operator with several weights: their scales follow from others. */
function withRecurrentRecords(node: Node, tensors: Tensor[]): Node {
  const { recurrent } = rowOf(node.op);
  const y = tensors[node.outputs[0]].quant;
  if (!recurrent || !y) return node;
  const set = (t: number, quant: Quantization) => {
    if (tensors[t].dtype === 'f32') tensors[t] = { ...tensors[t], quant };
  };
  if (recurrent.output !== null && node.inputs[recurrent.output] >= 0) set(node.inputs[recurrent.output], y);
  for (const { weights, bias, of } of recurrent.weights) {
    const b = bias === null ? -1 : (node.inputs[bias] ?? -1);
    if (b < 0) continue;
    const [x, w] = [tensors[node.inputs[of]], tensors[node.inputs[weights]]];
    checkMeasured(x);
    checkMeasured(w);
    const quant = biasQuantization(x.quant!, w.quant!);
    set(b, of === recurrent.own.place ? { ...quant, bits: 32 } : quant);
  }
  return recurrent.attrs ? { ...node, attrs: recurrent.attrs(node.attrs, y) } : node;
}

function integerTensor(tensor: Tensor): Tensor {
  const { quant } = tensor;
  if (tensor.dtype !== 'f32' || !quant) return tensor;
  const dtype = DTYPE_OF_BITS[quant.bits];
  const { mask: _, ...rest } = tensor;
  return { ...rest, dtype, quant, data: tensor.data && integersOf(tensor) };
}

/** The integers that a constant of floats with a record means. */
export function integersOf({ data, shape, quant: record }: Tensor): Values {
  const quant = record!;
  const dtype = DTYPE_OF_BITS[quant.bits];
  const channel = indexAlong(shape, quant.axis);
  const { min, max } = integerRange(dtype);
  const rounded = (i: number) => {
    const c = channel(i);
    const q = quant.scales[c] > 0 ? roundAway(Number(data![i]) / quant.scales[c]) + quant.zeros[c] : quant.zeros[c];
    return Math.max(min, Math.min(max, q));
  };
  return toValues(
    dtype,
    Float64Array.from({ length: data!.length }, (_, i) => rounded(i)),
  );
}

/** What rounding makes of a constant of floats with a record. */
export const asRounded = (t: Tensor): Float32Array => dequantize({ ...t, data: integersOf(t) })!;

/** The real numbers that the integers of a constant mean, float32(scale * (q - zero)); null where it has no scale. */
export function dequantize({ data, quant, shape }: Tensor): Float32Array | null {
  if (!data || !quant) return null;
  const channel = indexAlong(shape, quant.axis);
  return Float32Array.from({ length: data.length }, (_, i) => {
    const c = channel(i);
    return quant.scales[c] * (Number(data[i]) - quant.zeros[c]);
  });
}
