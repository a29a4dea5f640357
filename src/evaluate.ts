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
import { CompressError, checkOptionNames } from './errors.ts';
import { type Graph, sizeOf, type Tensor, type Values } from './graph/graph.ts';
import { compile, isBatchable } from './run/compile.ts';
import { Heap } from './wasm/heap.ts';

/** Shares are of the examples, 0..1. */
export interface Evaluation {
  /** Correct of all examples, 0..1; null for a network that does not classify. */
  readonly accuracy: number | null;
  readonly correct: number | null;
  readonly examples: number;
  /** Correct of the examples of each class, 0..1; null for a class without examples. */
  readonly perClass: readonly (number | null)[];
  /** confusion[label][answer]: how many examples. */
  readonly confusion: readonly (readonly number[])[];
  /** Examples whose label is among the k largest outputs, where it was asked for. */
  readonly topK: TopK | null;
  /** Where output and input have the same shape (autoencoders): mean squared error over all examples. */
  readonly meanSquaredError: number | null;
  /** Of an autoencoder with the labels 0 (normal) and 1 (anomaly): area under the ROC curve of each example's mean squared error. */
  readonly auc: number | null;
}

export interface TopK {
  readonly k: number;
  readonly accuracy: number;
  readonly correct: number;
}

export interface EvaluateOptions {
  /** An answer is also counted as right when the label is among so many largest outputs. */
  readonly top?: number;
}

const BATCH = 32;

/** Runs every example of a part through the graph, each from the beginning of its state, and hands over the outputs, batch by batch, in order. @throws CompressError `bad-data` for NaN */
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
      program.reset();
      program.run();
      const outputs = heap.read(program.outputs[0], 0, count * size);
      checkNumbers(outputs, first, size);
      visit(outputs, first, count);
    }
  });
}

function checkNumbers(outputs: Values, first: number, size: number): void {
  const place = outputs instanceof Float32Array ? outputs.findIndex(Number.isNaN) : -1;
  if (place < 0) return;
  throw new CompressError(
    'bad-data',
    `the network's answer to example ${first + Math.floor(place / size)} is not a number (NaN): its arithmetic overflows`,
    'check how the data reaches the model (--scale, --mean, --std), and that its training did not diverge',
  );
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
 * @throws CompressError `bad-data` where labels do not fit the network's outputs or these are NaN, `shape-mismatch` where the data does not
 */
export async function evaluateGraph(
  graph: Graph,
  data: Dataset,
  name: PartName = 'test',
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkOptionNames(options, ['top'], 'evaluate');
  return evaluatePart(await Heap.open(), graph, data, name, options);
}

export function evaluatePart(heap: Heap, graph: Graph, data: Dataset, name: PartName, { top }: EvaluateOptions = {}): Evaluation {
  const part = needPart(data, name);
  const input = graph.tensors[graph.inputs[0]];
  const output = graph.tensors[graph.outputs[0]];
  const plan = planBatch(data, input);
  const classes = sizeOf(output.shape.slice(1));
  if (sizeOf(output.shape) === sizeOf(input.shape)) return reconstruction(heap, graph, data, part);
  checkTop(top, classes);
  const labels = needLabels(data, name, classes);
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let among = 0;
  forEachBatch(heap, graph, part, plan, (values, first, count) => {
    for (let i = 0; i < count; i++) {
      const label = labels[first + i];
      confusion[label][argmax(values, i * classes, classes)]++;
      if (top && placeOf(values, i * classes, classes, label) < top) among++;
    }
  });
  const topK = top ? { k: top, accuracy: among / part.count, correct: among } : null;
  return { ...summary(confusion, part.count), topK, meanSquaredError: null, auc: null };
}

function summary(confusion: readonly (readonly number[])[], examples: number) {
  const correct = confusion.reduce((sum, row, c) => sum + row[c], 0);
  const perClass = confusion.map((row, c) => {
    const all = row.reduce((a, b) => a + b, 0);
    return all ? row[c] / all : null;
  });
  return { accuracy: correct / examples, correct, examples, perClass, confusion };
}

function checkTop(top: number | undefined, classes: number): void {
  if (top === undefined || (Number.isInteger(top) && top >= 1 && top <= classes)) return;
  throw new CompressError(
    'bad-option',
    `the ${top} largest of ${classes} outputs cannot be asked for`,
    `give a whole number from 1 to ${classes}`,
  );
}

/** How many values come before the one at `place` in falling order; of equals the first comes first, as in `argmax`. */
function placeOf(values: Values, from: number, count: number, place: number): number {
  const own = values[from + place];
  let before = 0;
  for (let i = 0; i < count; i++) if (values[from + i] > own || (values[from + i] === own && i < place)) before++;
  return before;
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

function reconstruction(heap: Heap, graph: Graph, data: Dataset, part: Part): Evaluation {
  const errors = reconstructionErrors(heap, graph, data, part);
  const auc = part.y?.every((label) => label <= 1) ? areaUnderCurve(errors, part.y) : null;
  const meanSquaredError = errors.reduce((a, b) => a + b, 0) / part.count;
  return {
    ...{ accuracy: null, correct: null, examples: part.count, perClass: [], confusion: [], topK: null },
    meanSquaredError,
    auc,
  };
}

/** Mean squared error of each example, in real numbers: the rounding of an integer input is a part of it. */
function reconstructionErrors(heap: Heap, graph: Graph, data: Dataset, part: Part): Float64Array {
  const input = graph.tensors[graph.inputs[0]];
  const real = realOf(graph.tensors[graph.outputs[0]]);
  const exact = planBatch(data, { ...input, dtype: 'f32' });
  const { size } = exact;
  const errors = new Float64Array(part.count);
  forEachBatch(heap, graph, part, planBatch(data, input), (values, first, count) => {
    const indices = Array.from({ length: count }, (_, i) => first + i);
    const given = takeBatch(exact, part, indices);
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (let k = i * size; k < (i + 1) * size; k++) sum += (real(Number(values[k])) - given[k]) ** 2;
      errors[first + i] = sum / size;
    }
  });
  return errors;
}

/**
 * Area under the ROC curve: the chance that an example labelled 1 scores higher than one labelled 0, where an equal score counts half
 * (Mann and Whitney's U). Null where one of the two has no example.
 */
export function areaUnderCurve(scores: ArrayLike<number>, labels: ArrayLike<number>): number | null {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[a] - scores[b]);
  let [normal, anomalies, wins] = [0, 0, 0];
  for (let from = 0, to = 0; from < order.length; from = to) {
    let [zeros, ones] = [0, 0];
    for (to = from; to < order.length && scores[order[to]] === scores[order[from]]; to++) labels[order[to]] ? ones++ : zeros++;
    wins += ones * (normal + zeros / 2);
    normal += zeros;
    anomalies += ones;
  }
  return normal && anomalies ? wins / (normal * anomalies) : null;
}

function realOf({ quant, dtype }: Tensor): (q: number) => number {
  return quant && dtype !== 'f32' ? (q) => quant.scales[0] * (q - quant.zeros[0]) : (q) => q;
}
