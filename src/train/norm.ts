import { type BatchPlan, batchInto, type Part } from '../data/index.ts';
import { type Graph, type Node, sizeOf, type Tensor } from '../graph/graph.ts';
import { createRandom, permutation } from '../random.ts';
import { compile } from '../run/compile.ts';
import type { Heap } from '../wasm/heap.ts';

/**
 * Batch normalization put back for training. Converters fold it into weights and biases, and what is left trains badly: its layers
 * differ in scale by orders of magnitude. Each convolution becomes convolution, normalization and activation that compute the same
 * (gamma and beta from the mean and variance its outputs have on data), is trained so, and is folded again.
 */
export interface Normed {
  /** Tensors of the original graph keep their numbers. */
  readonly graph: Graph;
  readonly layers: readonly NormedLayer[];
}

interface NormedLayer {
  readonly weights: number;
  readonly bias: number;
  readonly axis: number;
  readonly gamma: number;
  readonly beta: number;
  readonly mean: number;
  readonly variance: number;
}

const EPSILON = 1e-5;
const EXAMPLES = 256;
/** Channel axis of the weights of operators that take a normalization. */
const AXIS: Readonly<Record<string, number>> = { conv2d: 0, depthwiseConv2d: 3 };

/** The graph with normalizations; quantized layers stay as they are, since their weights must be rounded as the chip has them. */
export function withNorms(heap: Heap, graph: Graph, plan: BatchPlan, part: Part, batch: number, seed: number): Normed {
  const chosen = graph.nodes.filter((node) => canTake(graph, node));
  if (chosen.length === 0) return { graph, layers: [] };
  const moments = momentsOf(heap, graph, chosen, plan, part, batch, seed);
  const tensors: Tensor[] = [...graph.tensors];
  const layers: NormedLayer[] = [];
  const add = (name: string, values: Float64Array) =>
    tensors.push({ name, shape: [values.length], dtype: 'f32', data: Float32Array.from(values), quant: null }) - 1;
  const between = (node: Node, what: string) =>
    tensors.push({ ...graph.tensors[node.outputs[0]], name: `${node.name}/${what}`, quant: null }) - 1;
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const found = moments.get(node);
    if (!found) return [node];
    const { mean, variance } = found;
    const [x, weights, bias] = node.inputs;
    const old = graph.tensors[bias].data as Float32Array;
    const gamma = add(
      `${node.name}/gamma`,
      variance.map((v) => Math.sqrt(v + EPSILON)),
    );
    const beta = add(
      `${node.name}/beta`,
      mean.map((m, c) => m + old[c]),
    );
    const layer = {
      weights,
      bias,
      axis: AXIS[node.op],
      gamma,
      beta,
      mean: add(`${node.name}/mean`, mean),
      variance: add(`${node.name}/variance`, variance),
    };
    layers.push(layer);
    const clamps = node.attrs.activation !== 'none' && node.attrs.activation !== undefined;
    const plain = between(node, 'plain');
    const normed = clamps ? between(node, 'normed') : node.outputs[0];
    const norm = {
      name: `${node.name}/norm`,
      op: 'batchNorm',
      inputs: [plain, layer.gamma, layer.beta, layer.mean, layer.variance],
      outputs: [normed],
      attrs: { epsilon: EPSILON },
    };
    const activation = {
      name: `${node.name}/activation`,
      op: String(node.attrs.activation),
      inputs: [normed],
      outputs: node.outputs,
      attrs: {},
    };
    return [
      { ...node, inputs: [x, weights, -1], outputs: [plain], attrs: { ...node.attrs, activation: 'none' } },
      norm,
      ...(clamps ? [activation] : []),
    ];
  });
  return { graph: { ...graph, tensors, nodes }, layers };
}

function canTake({ tensors, nodes, outputs }: Graph, node: Node): boolean {
  const [, w, bias = -1] = node.inputs;
  // An answer is not relative to the other answers of its batch.
  if (outputs.includes(node.outputs[0])) return false;
  if (!(node.op in AXIS) || bias < 0 || !(tensors[bias].data instanceof Float32Array)) return false;
  if (!(tensors[w].data instanceof Float32Array) || tensors[w].quant || node.attrs.activation === 'reluN1') return false;
  return nodes.filter((n) => n.inputs.includes(w) || n.inputs.includes(bias)).length === 1;
}

interface Moments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Mean and variance of every channel of the convolutions' outputs before bias and activation. */
function momentsOf(
  heap: Heap,
  graph: Graph,
  layers: readonly Node[],
  plan: BatchPlan,
  part: Part,
  batch: number,
  seed: number,
): Map<Node, Moments> {
  const order = permutation(part.count, createRandom(seed, 'train/norm')).subarray(0, Math.max(batch, EXAMPLES));
  const probes = new Map<Node, number>();
  const tensors = [...graph.tensors];
  const nodes = graph.nodes.flatMap((node): Node[] => {
    if (!layers.includes(node)) return [node];
    const t = tensors.push({ ...graph.tensors[node.outputs[0]], name: `${node.name}/probe`, quant: null }) - 1;
    probes.set(node, t);
    return [
      node,
      { ...node, inputs: [node.inputs[0], node.inputs[1], -1], outputs: [t], attrs: { ...node.attrs, activation: 'none' } },
    ];
  });
  return heap.scope(() => {
    const program = compile(heap, { ...graph, tensors, nodes }, { batch, keepAll: true });
    const input = plan.create(batch);
    const sums = new Map(layers.map((n) => [n, { count: 0, sum: newSums(graph, n), squares: newSums(graph, n) }]));
    for (let at = 0; at + batch <= order.length; at += batch) {
      batchInto(plan, part, order.subarray(at, at + batch), input);
      heap.write(program.inputs[0], input);
      program.run();
      for (const [node, s] of sums) {
        const values = heap.read(program.operands[probes.get(node)!]) as Float32Array;
        const c = s.sum.length;
        s.count += values.length / c;
        for (let i = 0; i < values.length; i++) {
          s.sum[i % c] += values[i];
          s.squares[i % c] += values[i] * values[i];
        }
      }
    }
    return new Map(
      [...sums].map(([node, { count, sum, squares }]) => {
        const mean = sum.map((v) => v / count);
        return [node, { mean, variance: squares.map((v, c) => Math.max(0, v / count - mean[c] * mean[c])) }];
      }),
    );
  });
}

const newSums = (graph: Graph, node: Node) => new Float64Array(graph.tensors[node.outputs[0]].shape.at(-1)!);

/** Values of weights and biases with the trained normalizations folded into them, by tensor of the original graph. */
export function foldedValues(
  layers: readonly NormedLayer[],
  graph: Graph,
  values: ReadonlyMap<number, Float32Array>,
): Map<number, Float32Array> {
  const folded = new Map(values);
  for (const layer of layers) {
    const of = (t: number) => values.get(t)!;
    const [gamma, beta, mean, variance] = [of(layer.gamma), of(layer.beta), of(layer.mean), of(layer.variance)];
    const factor = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + EPSILON));
    const inner = sizeOf(graph.tensors[layer.weights].shape.slice(layer.axis + 1));
    folded.set(
      layer.weights,
      of(layer.weights).map((w, i) => w * factor[Math.floor(i / inner) % factor.length]),
    );
    folded.set(
      layer.bias,
      Float32Array.from(factor, (f, c) => beta[c] - mean[c] * f),
    );
  }
  return folded;
}
