import type { Graph, Node } from '../graph/graph.ts';
import { withParameters } from '../run/layers.ts';
import { type Examples, observe } from '../run/observe.ts';
import type { Heap } from '../wasm/heap.ts';

/** Of each channel. */
export interface Moments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Mean and variance of every channel of the convolutions' outputs before bias and activation. */
export function momentsOf(heap: Heap, graph: Graph, layers: readonly Node[], examples: Examples): Map<Node, Moments> {
  const { graph: probed, probes } = withProbes(graph, layers);
  const sums = [...probes].map(([node, t]) => ({ node, ...newSums(graph.tensors[node.outputs[0]].shape.at(-1)!, t) }));
  heap.scope(() => {
    const run = observe(heap, probed, examples);
    run(({ operands }) => () => {
      for (const s of sums) addValues(heap.read(operands[s.probe]) as Float32Array, s);
    });
  });
  return new Map(sums.map((s) => [s.node, finished(s)]));
}

/** Beside each layer the same one without bias and activation. */
function withProbes(graph: Graph, layers: readonly Node[]): { graph: Graph; probes: Map<Node, number> } {
  const probes = new Map<Node, number>();
  const tensors = [...graph.tensors];
  const nodes = graph.nodes.flatMap((node): Node[] => {
    if (!layers.includes(node)) return [node];
    const t = tensors.push({ ...graph.tensors[node.outputs[0]], name: `${node.name}/probe`, quant: null }) - 1;
    probes.set(node, t);
    const plain = withParameters(node, { bias: -1 });
    return [node, { ...plain, outputs: [t], attrs: { ...node.attrs, activation: 'none' } }];
  });
  return { graph: { ...graph, tensors, nodes }, probes };
}

interface Sums {
  readonly probe: number;
  count: number;
  readonly sum: Float64Array;
  readonly squares: Float64Array;
}

const newSums = (channels: number, probe: number): Sums => {
  return { probe, count: 0, sum: new Float64Array(channels), squares: new Float64Array(channels) };
};

function addValues(values: Float32Array, sums: Sums): void {
  const c = sums.sum.length;
  sums.count += values.length / c;
  for (let i = 0; i < values.length; i++) {
    sums.sum[i % c] += values[i];
    sums.squares[i % c] += values[i] * values[i];
  }
}

function finished({ count, sum, squares }: Sums): Moments {
  const mean = sum.map((v) => v / count);
  return { mean, variance: squares.map((v, c) => Math.max(0, v / count - mean[c] * mean[c])) };
}
