import { log } from '../elementary.ts';
import type { Graph } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { withLogits } from '../run/logits.ts';
import { type Examples, visitBatches } from '../run/observe.ts';
import type { Heap, HeapTensor } from '../wasm/heap.ts';

/** Answers of a network: by output, one example after another, as real numbers. A softmax, a sigmoid or an ARG_MAX at the end is left out. */
export type Answers = readonly Float64Array[];

/** The graph without what is there for training alone (dropout), and has no integer form; tensors keep their numbers. */
export function asRun(graph: Graph): Graph {
  const same = new Map<number, number>();
  const now = (t: number) => same.get(t) ?? t;
  const nodes = graph.nodes.flatMap((node) => {
    const inputs = node.inputs.map(now);
    const { memory, lower } = rowOf(node.op);
    if (memory !== 'view' || lower) return [{ ...node, inputs }];
    same.set(node.outputs[0], inputs[0]);
    return [];
  });
  return { ...graph, nodes, outputs: graph.outputs.map(now) };
}

/** What a graph, floats or integers, answers to examples. */
export function answersOf(heap: Heap, given: Graph, examples: Examples): Answers {
  const graph = withLogits(asRun(given));
  const kept: number[][] = graph.outputs.map(() => []);
  visitBatches(heap, graph, examples, ({ outputs }) => {
    outputs.forEach((y, i) => {
      const values = realsOf(heap, y);
      for (let k = 0; k < values.length; k++) kept[i].push(values[k]);
    });
  });
  return kept.map((values) => Float64Array.from(values));
}

/** The real numbers that a tensor holds. */
export function realsOf(heap: Heap, tensor: HeapTensor & Pick<Graph['tensors'][number], 'quant'>): Float64Array {
  const { quant, dtype } = tensor;
  const values = Float64Array.from(heap.read(tensor) as Float32Array);
  return quant && dtype !== 'f32' ? values.map((q) => quant.scales[0] * (q - quant.zeros[0])) : values;
}

/**
 * Power of the difference from what a network should answer, by that of how its answers vary; of several outputs the largest. 0.01: answers
 * are off by a tenth of their spread.
 */
export function outputError(is: Answers, should: Answers, examples: number): number {
  const each = should.map((y, o) => {
    const size = y.length / examples;
    const means = new Float64Array(size);
    y.forEach((v, i) => {
      means[i % size] += v / examples;
    });
    const spread = y.reduce((s, v, i) => s + (v - means[i % size]) ** 2, 0);
    const error = y.reduce((s, v, i) => s + (v - is[o][i]) ** 2, 0);
    return error === 0 ? 0 : error / Math.max(spread, Number.MIN_VALUE);
  });
  return Math.max(...each);
}

/** A ratio of signal to error, from the power of the error by that of the signal. */
export const decibels = (error: number): number => (-10 * log(error)) / Math.LN10;

export const decibelText = (error: number): string => (error > 0 ? `${decibels(error).toFixed(1)} dB` : 'none');
