import { type Dataset, needPart, type Part, type PartName, planBatch, takeBatch } from './data/index.ts';
import { CompressError, checkOptionNames } from './errors.ts';
import type { Graph } from './graph/graph.ts';
import { type Evaluation, judge, realInputs } from './judge.ts';
import { recognizeTask, type Task, type TaskOptions } from './task/index.ts';
import { Heap } from './wasm/heap.ts';

export { type Evaluation, forEachBatch, type Judgement, judge, qualityOf, type TopK } from './judge.ts';

export interface EvaluateOptions extends TaskOptions {
  /** An answer is also counted as right when the label is among this many largest outputs. */
  readonly top?: number;
}

/**
 * How well a graph does on one part of a dataset, in float or integer arithmetic, as the graph is.
 *
 * @throws CompressError `bad-data` where labels do not fit the network's outputs or these are NaN, `bad-option` where the task must be stated,
 *   `shape-mismatch` where the data does not fit
 */
export async function evaluateGraph(
  graph: Graph,
  data: Dataset,
  name: PartName = 'test',
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  return evaluatePart(await Heap.open(), graph, data, name, options);
}

export function evaluatePart(
  heap: Heap,
  graph: Graph,
  data: Dataset,
  name: PartName,
  { top, ...stated }: EvaluateOptions = {},
): Evaluation {
  needPart(data, name);
  return judge(heap, graph, data, name, findTask(heap, graph, data, stated), top).evaluation;
}

/**
 * The task of a model: as stated, else recognized from labels and graph. That an output has the size of an input is no proof that it
 * reconstructs it: that is looked at.
 *
 * @throws CompressError what `recognizeTask` throws; `bad-option` for a network that seems to be no autoencoder
 */
export function findTask(heap: Heap, graph: Graph, data: Dataset, options: TaskOptions = {}): Task {
  checkOptionNames(options, ['task', 'output', 'metric'], 'evaluate');
  const task = recognizeTask(graph, data, options);
  if (task.name === 'reconstruction' && options.task === undefined) checkReconstructs(heap, graph, data, task);
  return task;
}

const LOOKED_AT = 64;

function checkReconstructs(heap: Heap, graph: Graph, data: Dataset, task: Task): void {
  const [name, whole] = (['validation', 'test', 'train'] as const).flatMap((n) => (data[n] ? [[n, data[n]] as const] : []))[0];
  const part: Part = { ...whole, count: Math.min(LOOKED_AT, whole.count), y: null };
  const { evaluation } = judge(heap, graph, { ...data, [name]: part }, name, task);
  const spread = spreadOf(data, graph, part, task.input);
  if (evaluation.meanSquaredError! < spread || spread === 0) return;
  throw new CompressError(
    'bad-option',
    `the output "${task.outputName}" has the size of the input, but is no copy of it (their mean squared difference is ${short(evaluation.meanSquaredError!)}, the input's variance ${short(spread)})`,
    'add labels y beside the examples; or state --task reconstruction if it is an autoencoder that is still to be trained',
  );
}

const short = (v: number): string => String(Number(v.toPrecision(3)));

/** Variance of all values of an input around one mean. */
function spreadOf(data: Dataset, graph: Graph, part: Part, input: number): number {
  const indices = Array.from({ length: part.count }, (_, i) => i);
  const values = takeBatch(planBatch(data, realInputs(graph)), part, indices)[input] as Float32Array;
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
}
