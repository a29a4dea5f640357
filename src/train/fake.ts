import type { Graph, Node, Quantization, Tensor } from '../graph/graph.ts';
import type { FakeQuantize } from '../ops/fake_quantize.ts';
import { rowOf } from '../ops/index.ts';
import { type LayerTensors, layerOf } from '../run/layers.ts';
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
 * Puts fake quantization into a graph with quantization records.
 *
 * `off`: there is none, the network is trained as float. `fixed`: activations are rounded by their records, weights by what they are at that
 * moment. `learned`: all scales begin as their records say and are trained (LSQ). Zero points stay, so that 0 is always an integer, and a
 * range grows and shrinks at both ends together; learning zero points too, as LSQ+ does (Bhalgat et al. 2020), serves activations of fewer
 * bits than ours. What the network is given keeps its scale, and so do outputs whose range is laid down. Biases have 32 bits: only the layer's
 * output is rounded as if they were whole steps.
 */
export function withFakeQuantization(graph: Graph, qat: 'off' | 'fixed' | 'learned'): FakeQuantized {
  if (qat === 'off') return { graph: withoutRecords(graph), learned: [], held: new Set() };
  const work = newWork(graph, qat === 'learned');
  for (const t of graph.inputs) roundActivation(work, t);
  for (const node of graph.nodes) pass(work, node);
  const { tensors, nodes, rounded, stepSizes, held } = work;
  addViews(work);
  const outputs = graph.outputs.map((t) => rounded.get(t) ?? t);
  const learned = [...stepSizes.values()].filter((s) => !held.has(s.parameter));
  return { graph: { ...graph, tensors, nodes, outputs }, learned, held };
}

/** The graph as a float network: nothing of it is rounded. */
export const withoutRecords = (graph: Graph): Graph => ({
  ...graph,
  tensors: graph.tensors.map((t) => (t.dtype === 'f32' && t.quant ? { ...t, quant: null } : t)),
});

/** What grows while the graph is walked. */
interface Work {
  readonly graph: Graph;
  readonly learns: boolean;
  readonly tensors: Tensor[];
  readonly nodes: Node[];
  /** By tensor: the one that holds its rounded values. */
  readonly rounded: Map<number, number>;
  /** By the first tensor that has it. */
  readonly stepSizes: Map<number, StepSize>;
  readonly held: Set<number>;
  /** For each tensor the first that must have its scale. */
  readonly root: Int32Array;
  /** Roots whose scale is not learned. */
  readonly laidDown: ReadonlySet<number>;
}

function newWork(graph: Graph, learns: boolean): Work {
  const root = sharedScales(graph);
  const fixed = graph.nodes.flatMap(({ op, outputs }) => (typeof rowOf(op).outputRange === 'string' ? [] : outputs));
  const laidDown = new Set([...graph.inputs, ...fixed].map((t) => root[t]));
  const tensors = [...graph.tensors];
  return { graph, learns, tensors, nodes: [], rounded: new Map(), stepSizes: new Map(), held: new Set(), root, laidDown };
}

function pass(work: Work, node: Node): void {
  const { graph, nodes, rounded } = work;
  const layer = layerOf(node);
  for (const t of node.inputs) {
    if (t < 0 || t === layer?.bias || !graph.tensors[t].data || !graph.tensors[t].quant || rounded.has(t)) continue;
    if (t === layer?.weights) roundWeights(work, t);
    else roundActivation(work, t);
  }
  const sums = layer ? sumScales(work, layer) : [];
  nodes.push({ ...node, inputs: node.inputs.map((t) => rounded.get(t) ?? t) });
  if (rowOf(node.op).memory !== 'view') for (const t of node.outputs) roundActivation(work, t, sums);
}

function roundActivation(work: Work, t: number, sums: readonly number[] = []): void {
  const { quant } = work.graph.tensors[t];
  if (!quant || quant.bits > 16) return;
  const root = work.root[t];
  const scales = scalesOf(work, root, t, quant, work.learns && !work.laidDown.has(root));
  const top = 2 ** (quant.bits - 1);
  const attrs = { range: [-top, top - 1] as const, zero: quant.zeros[0], axis: null, measure: null };
  round(work, t, [scales, ...(quant.bits === 8 ? sums : [])], attrs);
}

function roundWeights(work: Work, t: number): void {
  const { learns } = work;
  const quant = work.graph.tensors[t].quant!;
  const bits = quant.bits as 4 | 8;
  const scales = scalesOf(work, t, t, quant, learns);
  // Zero points are those of a file: what is quantized here is symmetric.
  const zero = learns ? quant.zeros[0] : 0;
  round(work, t, [scales], { range: weightRange(bits, zero), zero, axis: quant.axis, measure: learns ? null : bits });
}

/** Scales of input and weights, and the bias, of a layer of which the chip computes sums of integer products. */
function sumScales({ stepSizes, root }: Work, layer: LayerTensors): number[] {
  const [input, weights] = [stepSizes.get(root[layer.x]), stepSizes.get(layer.weights)];
  return input && weights ? [input.parameter, weights.parameter, layer.bias] : [];
}

function scalesOf({ graph, tensors, stepSizes, held }: Work, root: number, t: number, of: Quantization, learns: boolean): number {
  const known = stepSizes.get(root);
  if (known) {
    known.tensors.push(t);
    return known.parameter;
  }
  const data = Float32Array.from(of.scales);
  const name = `${graph.tensors[t].name}/scales`;
  const parameter = tensors.push({ name, shape: [data.length], dtype: 'f32', data, quant: null }) - 1;
  stepSizes.set(root, { parameter, tensors: [t] });
  if (!learns) held.add(parameter);
  return parameter;
}

function round({ graph, tensors, nodes, rounded }: Work, t: number, others: readonly number[], attrs: FakeQuantize): void {
  const { name, shape } = graph.tensors[t];
  const out = tensors.push({ name: `${name}/rounded`, shape, dtype: 'f32', data: null, quant: null }) - 1;
  nodes.push({ name: `${name}/round`, op: 'fakeQuantize', inputs: [t, ...others], outputs: [out], attrs: { ...attrs } });
  rounded.set(t, out);
}

/** What is only another shape of a rounded tensor is not rounded itself, but has a record too. */
function addViews({ graph, stepSizes, root }: Work): void {
  graph.tensors.forEach((t, i) => {
    const known = stepSizes.get(root[i]);
    if (known && t.quant && !known.tensors.includes(i)) known.tensors.push(i);
  });
}
