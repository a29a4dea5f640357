import type { Dataset } from '../data/index.ts';
import { compact, type Graph, type Node, sizeOf, type Tensor, withTensors } from '../graph/graph.ts';
import { consumersOf, tensorsOf } from '../prune/consumers.ts';
import { fittingExamples } from '../prune/grams.ts';
import { fitted, meansAround } from '../prune/refit.ts';
import type { Carried } from '../run/carry.ts';
import { layerOf } from '../run/layers.ts';
import { type Examples, visitBatches } from '../run/observe.ts';
import type { Heap } from '../wasm/heap.ts';

const ROUNDS = 50;

/**
 * The graph with plain convolutions as depthwise ones and a pointwise one behind (Howard et al., "MobileNets", 2017), where that saves
 * multiplications. They begin as what is nearest to the convolution: for each input channel its filters are the best outer product of one
 * spatial filter and a factor for each output (Jaderberg et al., "Speeding up Convolutional Neural Networks with Low Rank Expansions", 2014).
 *
 * @returns the graph given where there is no such convolution
 */
export function separable(graph: Graph): Graph {
  return graph.nodes.reduce((current, node) => (isPlain(graph, node) ? withSplit(current, node.name) : current), graph);
}

const EXAMPLES = 128;

/**
 * The same; then each pointwise layer is fitted by least squares to what its convolution answered on data, reading what the layers before it
 * now give.
 */
export function separableOnData(heap: Heap, graph: Graph, data: Dataset, seed: number): Graph {
  const examples = fittingExamples(data, seed, EXAMPLES);
  const originals = new Map(consumersOf(graph).map((c) => [c.node.name, c]));
  return graph.nodes.reduce((before, node) => {
    if (!isPlain(graph, node)) return before;
    const current = withSplit(before, node.name);
    const original = originals.get(node.name);
    const consumer = consumersOf(current).find((c) => c.node.name === node.name);
    if (!original || !consumer) return current;
    const kept = Array.from({ length: graph.tensors[layerOf(node)!.weights].shape[0] }, (_, o) => o);
    const layer = { original, consumer, kept };
    const [was, now] = [carried(heap, graph, original.x, examples), carried(heap, current, consumer.x, examples)];
    const means = meansAround(heap, graph, layer, was, now, seed);
    return withTensors(current, new Map(tensorsOf(current, consumer, fitted(heap, current, layer, means))));
  }, graph);
}

/** A tensor's values, batch by batch. */
function carried(heap: Heap, graph: Graph, t: number, examples: Examples): Carried[] {
  const found: Carried[] = [];
  visitBatches(heap, graph, examples, ({ operands }) => {
    found.push({ shape: operands[t].shape, values: heap.read(operands[t]) });
  });
  return found;
}

function withSplit(graph: Graph, name: string): Graph {
  const tensors = [...graph.tensors];
  const nodes = graph.nodes.flatMap((node) => (node.name === name ? split(graph, node, tensors) : [node]));
  return compact({ ...graph, tensors, nodes });
}

/** Whether it has convolutions that could be separable. */
export const hasPlain = (graph: Graph): boolean => graph.nodes.some((node) => isPlain(graph, node));

function isPlain({ tensors }: Graph, node: Node): boolean {
  if (node.op !== 'conv2d' || (node.attrs.groups as number) !== 1) return false;
  const { data, shape } = tensors[layerOf(node)!.weights];
  const [out, kh, kw, depth] = shape;
  const [plain, apart] = [kh * kw * depth * out, kh * kw * depth + depth * out];
  return data instanceof Float32Array && kh * kw > 1 && depth > 1 && apart < plain;
}

function split({ tensors: given }: Graph, node: Node, tensors: Tensor[]): Node[] {
  const { x, weights: w, bias } = layerOf(node)!;
  const { data, shape, name } = given[w];
  const [out, kh, kw, depth] = shape;
  const { spatial, mixing } = nearest(data as Float32Array, out, kh * kw, depth);
  const add = (t: Tensor): number => tensors.push(t) - 1;
  const constant = (part: string, of: readonly number[], values: Float32Array) =>
    add({ name: `${name}/${part}`, shape: of, dtype: 'f32', data: values, quant: null });
  const y = given[node.outputs[0]];
  const { stride, padding, dilation } = node.attrs;
  const between = add({ ...y, name: `${y.name}/depthwise`, shape: [...y.shape.slice(0, -1), depth], quant: null });
  return [
    {
      name: `${node.name}/depthwise`,
      op: 'depthwiseConv2d',
      inputs: [
        x,
        constant('depthwise', [1, kh, kw, depth], spatial),
        constant('depthwise_bias', [depth], new Float32Array(depth)),
      ],
      outputs: [between],
      attrs: { stride, padding, dilation, activation: 'none', multiplier: 1 },
    },
    {
      ...node,
      inputs: [between, constant('pointwise', [out, 1, 1, depth], mixing), ...(bias >= 0 ? [bias] : [])],
      attrs: { ...node.attrs, stride: [1, 1], padding: 'valid', dilation: [1, 1] },
    },
  ];
}

/** For each input channel the best outer product, by power iteration; both parts of one size. */
function nearest(
  data: Float32Array,
  out: number,
  places: number,
  depth: number,
): { spatial: Float32Array; mixing: Float32Array } {
  const spatial = new Float32Array(places * depth);
  const mixing = new Float32Array(out * depth);
  const at = (o: number, k: number, c: number) => data[(o * places + k) * depth + c];
  for (let c = 0; c < depth; c++) {
    const largest = Array.from({ length: out }, (_, o) => o).reduce(
      (a, o) => (lengthOf(places, (k) => at(o, k, c)) > lengthOf(places, (k) => at(a, k, c)) ? o : a),
      0,
    );
    let v = unit(Float64Array.from({ length: places }, (_, k) => at(largest, k, c)));
    const u = new Float64Array(out);
    for (let round = 0; round < ROUNDS; round++) {
      for (let o = 0; o < out; o++) {
        u[o] = 0;
        for (let k = 0; k < places; k++) u[o] += at(o, k, c) * v[k];
      }
      v = unit(
        Float64Array.from({ length: places }, (_, k) => {
          let sum = 0;
          for (let o = 0; o < out; o++) sum += at(o, k, c) * u[o];
          return sum;
        }),
      );
    }
    for (let k = 0; k < places; k++) spatial[k * depth + c] = v[k];
    for (let o = 0; o < out; o++) mixing[o * depth + c] = u[o];
  }
  return { spatial, mixing };
}

function lengthOf(count: number, at: (k: number) => number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += at(k) ** 2;
  return sum;
}

function unit(v: Float64Array): Float64Array {
  const length = Math.sqrt(lengthOf(v.length, (k) => v[k]));
  return length > 0 ? v.map((x) => x / length) : v;
}

/** Weights of all layers. */
export const weightCount = ({ nodes, tensors }: Graph): number =>
  nodes.reduce((sum, node) => {
    const layer = layerOf(node);
    return sum + (layer && tensors[layer.weights].data ? sizeOf(tensors[layer.weights].shape) : 0);
  }, 0);
