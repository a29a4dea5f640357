import {
  type BatchPlan,
  type Dataset,
  needLabels,
  needPart,
  type Part,
  type PartName,
  planBatch,
  takeBatch,
} from './data/index.ts';
import { type Graph, sizeOf, type Values } from './graph/graph.ts';
import { compile, isBatchable } from './run/compile.ts';
import { Heap } from './wasm/heap.ts';

export interface Evaluation {
  /** Correct of all examples, 0..1; null for a network that does not classify. */
  readonly accuracy: number | null;
  readonly correct: number | null;
  readonly examples: number;
  /** Correct of the examples of each class, 0..1; null for a class without examples. */
  readonly perClass: readonly (number | null)[];
  /** confusion[label][answer]. */
  readonly confusion: readonly (readonly number[])[];
  /** Where output and input have the same shape (autoencoders): mean squared error over all examples. */
  readonly meanSquaredError: number | null;
}

const BATCH = 32;

/** Runs every example of a part through the graph and hands over the outputs, batch by batch, in order. */
export function forEachBatch(
  heap: Heap,
  graph: Graph,
  part: Part,
  plan: BatchPlan,
  visit: (outputs: Values, first: number, count: number) => void,
): void {
  heap.scope(() => {
    const batch = isBatchable(graph) ? Math.min(BATCH, part.count) : 1;
    const program = compile(heap, graph, { batch });
    const size = sizeOf(program.outputs[0].shape) / batch;
    for (let first = 0; first < part.count; first += batch) {
      const count = Math.min(batch, part.count - first);
      const indices = Array.from({ length: count }, (_, i) => first + i);
      heap.write(program.inputs[0], takeBatch(plan, part, indices));
      program.run();
      visit(heap.read(program.outputs[0], 0, count * size), first, count);
    }
  });
}

/** Place of the largest value; the first of equals. */
export function argmax(values: Values, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[from + i] > values[from + best]) best = i;
  return best;
}

/**
 * How well a graph does on one part of a dataset, in float or integer arithmetic, as the graph is.
 *
 * @throws CompressError `bad-data` where labels do not fit the network's outputs, `shape-mismatch` where the data does not
 */
export async function evaluateGraph(graph: Graph, data: Dataset, name: PartName = 'test', heap?: Heap): Promise<Evaluation> {
  return evaluatePart(heap ?? (await Heap.open()), graph, data, name);
}

export function evaluatePart(heap: Heap, graph: Graph, data: Dataset, name: PartName): Evaluation {
  const part = needPart(data, name);
  const input = graph.tensors[graph.inputs[0]];
  const output = graph.tensors[graph.outputs[0]];
  const plan = planBatch(data, input);
  const classes = sizeOf(output.shape.slice(1));
  if (sizeOf(output.shape) === sizeOf(input.shape)) return reconstruction(heap, graph, part, plan);
  const labels = needLabels(data, name, classes);
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  forEachBatch(heap, graph, part, plan, (values, first, count) => {
    for (let i = 0; i < count; i++) confusion[labels[first + i]][argmax(values, i * classes, classes)]++;
  });
  const correct = confusion.reduce((sum, row, c) => sum + row[c], 0);
  const perClass = confusion.map((row, c) => {
    const all = row.reduce((a, b) => a + b, 0);
    return all ? row[c] / all : null;
  });
  return { accuracy: correct / part.count, correct, examples: part.count, perClass, confusion, meanSquaredError: null };
}

/** 1 for each example of a part that is answered right. */
export function correctness(heap: Heap, graph: Graph, data: Dataset, name: PartName): Uint8Array {
  const classes = sizeOf(graph.tensors[graph.outputs[0]].shape.slice(1));
  const labels = needLabels(data, name, classes);
  const right = new Uint8Array(labels.length);
  forEachBatch(heap, graph, needPart(data, name), planBatch(data, graph.tensors[graph.inputs[0]]), (values, first, count) => {
    for (let i = 0; i < count; i++) right[first + i] = argmax(values, i * classes, classes) === labels[first + i] ? 1 : 0;
  });
  return right;
}

function reconstruction(heap: Heap, graph: Graph, part: Part, plan: BatchPlan): Evaluation {
  const real = realOf(graph, graph.outputs[0]);
  const inputReal = realOf(graph, graph.inputs[0]);
  let sum = 0;
  forEachBatch(heap, graph, part, plan, (values, first, count) => {
    const given = takeBatch(
      plan,
      part,
      Array.from({ length: count }, (_, i) => first + i),
    );
    for (let i = 0; i < values.length; i++) sum += (real(Number(values[i])) - inputReal(given[i])) ** 2;
  });
  const meanSquaredError = sum / (part.count * plan.size);
  return { accuracy: null, correct: null, examples: part.count, perClass: [], confusion: [], meanSquaredError };
}

function realOf(graph: Graph, tensor: number): (q: number) => number {
  const { quant, dtype } = graph.tensors[tensor];
  return quant && dtype !== 'f32' ? (q) => quant.scales[0] * (q - quant.zeros[0]) : (q) => q;
}
