import { CompressError } from '../errors.ts';
import { withDroppedAxes } from '../formats/tidy.ts';
import { compact, consumers, type Graph, type Node, type Quantization, type Tensor } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { toInteger } from '../run/integer.ts';
import { foldActivations } from '../simplify/activation.ts';
import { foldNorms } from '../simplify/norm.ts';

/** Whether a float graph was read from a file that quantizes it. */
export const isQuantized = ({ tensors }: Graph): boolean => tensors.some((t) => t.dtype === 'f32' && t.quant !== null);

/**
 * The integer graph that a float graph with `quantize` nodes means, as files with QuantizeLinear and DequantizeLinear pairs are read: a node
 * between recorded tensors works on integers, any other on floats between conversions.
 *
 * @throws CompressError `unsupported` for weights that no integer kernel takes
 */
export function integersOf(given: Graph): Graph {
  const graph = foldActivations(foldNorms(given));
  const walk = new Walk(graph);
  for (const node of graph.nodes) walk.node(node);
  const outputs = graph.outputs.map((t) => walk.output(t));
  return toInteger(withDroppedAxes(compact({ ...graph, tensors: walk.tensors, nodes: walk.nodes, outputs })));
}

class Walk {
  readonly tensors: Tensor[];
  readonly nodes: Node[] = [];
  /** `quantize` nodes that became a part of the node before them. */
  readonly #gone = new Set<Node>();
  /** Of recorded tensors the real numbers, where a node reads them. */
  readonly #real = new Map<number, number>();
  readonly #readers: number[][];
  /** Conversions that change nothing: what they convert. */
  readonly #same = new Map<number, number>();

  constructor(readonly graph: Graph) {
    this.tensors = [...graph.tensors];
    this.#readers = consumers(graph);
  }

  #add(tensor: Tensor): number {
    return this.tensors.push(tensor) - 1;
  }

  #emit(op: string, from: number, tensor: Tensor): number {
    const y = this.#add(tensor);
    this.nodes.push({ name: tensor.name, op, inputs: [from], outputs: [y], attrs: {} });
    return y;
  }

  /** The floats of a recorded tensor. */
  #realOf(t: number): number {
    const { quant, data } = this.tensors[t];
    if (!quant || data) return t;
    const known =
      this.#real.get(t) ?? this.#emit('dequantize', t, { ...this.tensors[t], name: `${this.tensors[t].name}/real`, quant: null });
    this.#real.set(t, known);
    return known;
  }

  /** A recorded tensor in another scale. */
  #inScale(t: number, quant: Quantization): number {
    const tensor = this.tensors[t];
    if (tensor.data || same(tensor.quant, quant)) return t;
    return this.#emit('quantize', t, { ...tensor, name: `${tensor.name}/scaled`, quant });
  }

  node(given: Node): void {
    if (this.#gone.has(given)) return;
    const node = { ...given, inputs: given.inputs.map((t) => this.#same.get(t) ?? t) };
    if (node.op === 'quantize' || node.op === 'dequantize') {
      const [from, to] = [this.tensors[node.inputs[0]], this.tensors[node.outputs[0]]];
      const isNothing =
        from.dtype === to.dtype && to.quant && same(from.quant, to.quant) && !this.graph.outputs.includes(node.outputs[0]);
      if (isNothing) this.#same.set(node.outputs[0], node.inputs[0]);
      else this.nodes.push(node);
      return;
    }
    const { lower, outputRange } = rowOf(node.op);
    const computed = node.inputs.filter((t) => t >= 0 && !this.tensors[t].data);
    const isRecorded = computed.length > 0 && computed.every((t) => this.tensors[t].quant);
    const next = this.#quantizeBehind(node);
    if (!lower || !isRecorded || outputRange === 'counted' || !(next || outputRange === 'as-input')) {
      this.nodes.push({ ...node, inputs: node.inputs.map((t) => (t < 0 ? -1 : this.#realOf(t))) });
      return;
    }
    checkWeights(node, this.tensors);
    const quant = next ? this.tensors[next.outputs[0]].quant! : this.tensors[computed[0]].quant!;
    const outputs = next ? next.outputs : node.outputs;
    if (next) this.#gone.add(next);
    if (outputRange === 'as-input') {
      const inputs = node.inputs.map((t) => (t < 0 ? -1 : this.#inScale(t, quant)));
      for (const t of outputs) this.tensors[t] = { ...this.tensors[t], quant };
      this.nodes.push({ ...node, inputs, outputs });
    } else this.#inFixedRange({ ...node, outputs }, outputRange, quant);
  }

  /** An operator whose scale is laid down gives that, and a conversion behind it the one that the file says. */
  #inFixedRange(node: Node, range: 'measured' | readonly [number, number], quant: Quantization): void {
    const own = range === 'measured' ? quant : fixedQuant(range, quant);
    if (same(own, quant)) {
      this.nodes.push(node);
      return;
    }
    const [y] = node.outputs;
    const between = this.#add({ ...this.tensors[y], name: `${node.name}/fixed`, quant: own });
    this.nodes.push({ ...node, outputs: [between] });
    this.nodes.push({ name: this.tensors[y].name, op: 'quantize', inputs: [between], outputs: [y], attrs: {} });
  }

  /** The only node behind a node, where that quantizes its one output. */
  #quantizeBehind({ outputs: [y, ...more] }: Node): Node | null {
    if (more.length || this.graph.outputs.includes(y) || this.#readers[y].length !== 1) return null;
    const next = this.graph.nodes[this.#readers[y][0]];
    return next.op === 'quantize' ? next : null;
  }

  /** An output that is floats in the file, behind integers. */
  output(t: number): number {
    if (this.graph.tensors[t].quant || !this.tensors[t].quant) return t;
    const { name } = this.tensors[t];
    const y = this.#realOf(t);
    this.tensors[t] = { ...this.tensors[t], name: `${name}/integers` };
    this.tensors[y] = { ...this.tensors[y], name };
    return y;
  }
}

const same = (a: Quantization | null, b: Quantization): boolean =>
  a !== null && a.bits === b.bits && a.scales.join() === b.scales.join() && a.zeros.join() === b.zeros.join();

/** What TFLite's specification lays down for softmax, sigmoid and tanh. */
function fixedQuant([low, high]: readonly [number, number], { bits }: Quantization): Quantization {
  if (bits === 16) return { bits, scales: [2 ** -15], zeros: [0], axis: null };
  return { bits, scales: [(high - low) / 256], zeros: [low < 0 ? 0 : -128], axis: null };
}

function checkWeights(node: Node, tensors: readonly Tensor[]): void {
  const place = rowOf(node.op).layer?.weights;
  const weights = place === undefined ? null : tensors[node.inputs[place]];
  if (!weights?.data || weights.quant?.zeros.every((z) => z === 0)) return;
  throw new CompressError(
    'unsupported',
    weights.quant
      ? `the weights "${weights.name}" of "${node.name}" are quantized around ${weights.quant.zeros.find((z) => z !== 0)}, not around 0`
      : `the weights "${weights.name}" of "${node.name}" are floats between integers`,
    'quantize weights symmetrically as int8 (quantize_static(..., weight_type=QuantType.QInt8)), or give the float model',
  );
}
