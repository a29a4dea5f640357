import { type BatchPlan, batchInto, type Part } from '../data/index.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { compile, type Program } from '../run/compile.ts';
import type { Heap } from '../wasm/heap.ts';

/** Of each channel. */
export interface Moments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

export interface Examples {
  readonly plan: BatchPlan;
  readonly part: Part;
  /** Places in the part; what does not fill a batch is left out. */
  readonly order: Int32Array;
  readonly batch: number;
}

/** Mean and variance of every channel of the convolutions' outputs before bias and activation. */
export function momentsOf(heap: Heap, graph: Graph, layers: readonly Node[], examples: Examples): Map<Node, Moments> {
  const { plan, part, order, batch } = examples;
  const { graph: probed, probes } = withProbes(graph, layers);
  return heap.scope(() => {
    const program = compile(heap, probed, { batch, keepAll: true });
    const input = plan.create(batch);
    const sums = new Map([...probes].map(([node, t]) => [node, newSums(graph.tensors[node.outputs[0]].shape.at(-1)!, t)]));
    for (let at = 0; at + batch <= order.length; at += batch) {
      batchInto(plan, part, order.subarray(at, at + batch), input);
      heap.write(program.inputs[0], input);
      program.run();
      for (const s of sums.values()) addValues(heap, program, s);
    }
    return new Map([...sums].map(([node, s]) => [node, finished(s)]));
  });
}

/** Beside each layer the same one without bias and activation. */
function withProbes(graph: Graph, layers: readonly Node[]): { graph: Graph; probes: Map<Node, number> } {
  const probes = new Map<Node, number>();
  const tensors = [...graph.tensors];
  const nodes = graph.nodes.flatMap((node): Node[] => {
    if (!layers.includes(node)) return [node];
    const t = tensors.push({ ...graph.tensors[node.outputs[0]], name: `${node.name}/probe`, quant: null }) - 1;
    probes.set(node, t);
    const inputs = [node.inputs[0], node.inputs[1], -1];
    return [node, { ...node, inputs, outputs: [t], attrs: { ...node.attrs, activation: 'none' } }];
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

function addValues(heap: Heap, program: Program, sums: Sums): void {
  const values = heap.read(program.operands[sums.probe]) as Float32Array;
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
