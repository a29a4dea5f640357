import type { Graph, Node, Quantization, Tensor } from '../graph/graph.ts';
import type { FakeQuantize } from '../ops/fake_quantize.ts';
import { rowOf } from '../ops/index.ts';
import { sharedScales } from '../run/shared_scales.ts';
import { weightRange } from '../wasm/stats.ts';

/** One scale, or one for each channel of a weight tensor. */
export interface StepSize {
  /** The constant that holds it in the graph with fake quantization. */
  readonly parameter: number;
  /** Tensors of the original graph that are rounded by it. */
  readonly tensors: number[];
}

/** A graph in which every tensor with a quantization record is rounded before it is read. Tensors of the original keep their numbers. */
export interface FakeQuantized {
  readonly graph: Graph;
  readonly learned: readonly StepSize[];
  /** Scales that are not trained. */
  readonly held: ReadonlySet<number>;
}

/**
 * Puts fake quantization into a graph with quantization records. `off`: there is none, the network is trained as float. `fixed`: activations are rounded by their records, weights by what they
 * are at that moment. `learned`: all scales begin as their records say and are trained; zero points stay, so that 0 is always an integer and
 * a range grows and shrinks at both ends together (LSQ; learning the zero point too, as LSQ+ does, serves activations of few bits). What the
 * network is given keeps its scale, and so do outputs whose range is laid down. Biases have 32 bits and stay as they are.
 */
export function withFakeQuantization(graph: Graph, qat: 'off' | 'fixed' | 'learned'): FakeQuantized {
  if (qat === 'off') return { graph: withoutRecords(graph), learned: [], held: new Set() };
  const fake = new Rounding(graph, qat === 'learned');
  for (const t of graph.inputs) fake.activation(t);
  for (const node of graph.nodes) fake.pass(node);
  return fake.finish();
}

/** The graph as a float network: nothing of it is rounded. */
export const withoutRecords = (graph: Graph): Graph => ({
  ...graph,
  tensors: graph.tensors.map((t) => (t.dtype === 'f32' && t.quant ? { ...t, quant: null } : t)),
});

class Rounding {
  readonly #graph: Graph;
  readonly #learns: boolean;
  readonly #tensors: Tensor[];
  readonly #nodes: Node[] = [];
  /** By tensor: the one that holds its rounded values. */
  readonly #rounded = new Map<number, number>();
  /** By tensor of the original that is first to have it. */
  readonly #stepSizes = new Map<number, StepSize>();
  readonly #root: Int32Array;
  readonly #held = new Set<number>();
  /** Roots whose scale is not learned. */
  readonly #laidDown: ReadonlySet<number>;

  constructor(graph: Graph, learns: boolean) {
    this.#graph = graph;
    this.#learns = learns;
    this.#tensors = [...graph.tensors];
    this.#root = sharedScales(graph);
    const fixed = graph.nodes.flatMap(({ op, outputs }) => (typeof rowOf(op).outputRange === 'string' ? [] : outputs));
    this.#laidDown = new Set([...graph.inputs, ...fixed].map((t) => this.#root[t]));
  }

  activation(t: number, layer: readonly number[] = []): void {
    const { quant } = this.#graph.tensors[t];
    if (!quant || quant.bits > 16) return;
    const scales = this.#scalesOf(this.#root[t], t, quant, this.#learns && !this.#laidDown.has(this.#root[t]));
    const top = 2 ** (quant.bits - 1);
    const attrs = { range: [-top, top - 1] as const, zero: quant.zeros[0], axis: null, measure: null };
    this.#round(t, [scales, ...(quant.bits === 8 ? layer : [])], attrs);
  }

  pass(node: Node): void {
    const { trainable, memory } = rowOf(node.op);
    node.inputs.forEach((t, place) => {
      if (t < 0 || !this.#graph.tensors[t].data || !this.#graph.tensors[t].quant || this.#rounded.has(t)) return;
      if (!trainable.includes(place)) this.activation(t);
      else if (this.#graph.tensors[t].shape.length > 1) this.#weights(t);
    });
    const layer = this.#layerOf(node, trainable);
    this.#nodes.push({ ...node, inputs: node.inputs.map((t) => this.#rounded.get(t) ?? t) });
    if (memory !== 'view') for (const t of node.outputs) this.activation(t, layer);
  }

  finish(): FakeQuantized {
    const outputs = this.#graph.outputs.map((t) => this.#rounded.get(t) ?? t);
    // What is only seen under another shape has a record too.
    this.#graph.tensors.forEach((t, i) => {
      const known = this.#stepSizes.get(this.#root[i]);
      if (known && t.quant && !known.tensors.includes(i)) known.tensors.push(i);
    });
    const learned = [...this.#stepSizes.values()].filter((s) => !this.#held.has(s.parameter));
    return { graph: { ...this.#graph, tensors: this.#tensors, nodes: this.#nodes, outputs }, learned, held: this.#held };
  }

  #weights(t: number): void {
    const quant = this.#graph.tensors[t].quant!;
    const bits = quant.bits as 4 | 8;
    const scales = this.#scalesOf(t, t, quant, this.#learns);
    // Zero points are those of a file: what is quantized here is symmetric.
    const zero = this.#learns ? quant.zeros[0] : 0;
    this.#round(t, [scales], { range: weightRange(bits, zero), zero, axis: quant.axis, measure: this.#learns ? null : bits });
  }

  /** Scales of input and weights, and the bias, of a layer of which the chip computes sums of integer products. */
  #layerOf({ inputs: [x, w, bias = -1] }: Node, trainable: readonly number[]): number[] {
    const [input, weights] = [this.#stepSizes.get(this.#root[x]), this.#stepSizes.get(w)];
    return trainable.includes(1) && input && weights ? [input.parameter, weights.parameter, bias] : [];
  }

  #scalesOf(root: number, t: number, { scales }: Quantization, learns: boolean): number {
    const known = this.#stepSizes.get(root);
    if (known) {
      known.tensors.push(t);
      return known.parameter;
    }
    const data = Float32Array.from(scales);
    const name = `${this.#graph.tensors[t].name}/scales`;
    const parameter = this.#tensors.push({ name, shape: [data.length], dtype: 'f32', data, quant: null }) - 1;
    this.#stepSizes.set(root, { parameter, tensors: [t] });
    if (!learns) this.#held.add(parameter);
    return parameter;
  }

  #round(t: number, others: readonly number[], attrs: FakeQuantize): void {
    const { name, shape } = this.#graph.tensors[t];
    const out = this.#tensors.push({ name: `${name}/rounded`, shape, dtype: 'f32', data: null, quant: null }) - 1;
    this.#nodes.push({ name: `${name}/round`, op: 'fakeQuantize', inputs: [t, ...others], outputs: [out], attrs: { ...attrs } });
    this.#rounded.set(t, out);
  }
}
