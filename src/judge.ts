import {
  type BatchPlan,
  type Dataset,
  inputsOf,
  needPart,
  type Part,
  type PartName,
  planBatch,
  takeBatch,
} from './data/index.ts';
import { CompressError } from './errors.ts';
import { type Graph, sizeOf, type Tensor, type Values } from './graph/graph.ts';
import { compile, isBatchable } from './run/compile.ts';
import { callOf, runCalls } from './run/feed.ts';
import {
  type Answered,
  type ClassFigures,
  type Measures,
  type MetricName,
  metricOf,
  rulesOf,
  type Targets,
  type Task,
  type TaskName,
  type ValueFigures,
} from './task/index.ts';
import type { Heap } from './wasm/heap.ts';

/** Shares are of the examples (of a map: of its places), 0..1. */
export interface Evaluation {
  readonly task: TaskName;
  /** The output that was judged, by name. */
  readonly output: string;
  readonly examples: number;
  readonly metric: MetricName;
  /** The value of `metric`; null where these examples give it none. */
  readonly quality: number | null;
  /** All metrics of the task. */
  readonly metrics: Readonly<Partial<Record<MetricName, number | null>>>;
  /** Right answers of all, 0..1; null for a task without right and wrong. */
  readonly accuracy: number | null;
  readonly correct: number | null;
  /** Recall: right answers of the examples of each class, 0..1; null for a class without examples. */
  readonly perClass: readonly (number | null)[];
  /** confusion[label][answer]: how many. */
  readonly confusion: readonly (readonly number[])[];
  readonly classes: readonly ClassFigures[];
  /** Of each value of a vector. */
  readonly values: readonly ValueFigures[];
  /** Examples whose label is among the k largest outputs, where it was asked for. */
  readonly topK: TopK | null;
  /** metrics.mse: of a regression, or of an autoencoder's output against its input. */
  readonly meanSquaredError: number | null;
  /** metrics.auc: of an autoencoder with labels, by each example's mean squared error. */
  readonly auc: number | null;
}

export interface TopK {
  readonly k: number;
  readonly accuracy: number;
  readonly correct: number;
}

const BATCH = 32;

/**
 * Runs every example of a part through the graph, each from the beginning of its state and to its last call, and hands over one output (by its place among the
 * graph's), batch by batch, in order.
 *
 * @throws CompressError `bad-data` for NaN
 */
export function forEachBatch(
  heap: Heap,
  graph: Graph,
  part: Part,
  plan: BatchPlan,
  visit: (outputs: Values, first: number, count: number) => void,
  output = 0,
): void {
  heap.scope(() => {
    const batch = isBatchable(graph) ? Math.min(BATCH, part.count) : 1;
    const program = compile(heap, graph, { batch });
    const y = program.outputs[output];
    const size = sizeOf(y.shape) / batch;
    for (let first = 0; first < part.count; first += batch) {
      const count = Math.min(batch, part.count - first);
      const indices = Array.from({ length: count }, (_, i) => first + i);
      runCalls(heap, program, takeBatch(plan, part, indices), plan.calls);
      const outputs = heap.read(y, 0, count * size);
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

/** What a network answered, beside what it should. */
export interface Judgement extends Answered {
  readonly evaluation: Evaluation;
  /** How well each example was answered, more is better: 1 or 0 where there is right and wrong, else the negative squared error. */
  readonly scores: Float64Array;
}

/** @throws CompressError `bad-data` where labels do not fit the task, or an answer is NaN */
export function judge(heap: Heap, graph: Graph, data: Dataset, name: PartName, task: Task, top?: number): Judgement {
  const part = needPart(data, name);
  const rules = rulesOf(task.name);
  checkTop(top, task);
  const targets = rules.targets(task, part, `the ${name} part of ${data.name}`);
  const kept = rules.kept(task);
  const answers = new Float64Array(part.count * kept);
  const size = task.places * (task.isIndex ? 1 : task.width);
  const output = graph.tensors[graph.outputs[task.output]];
  const real = realOf(output);
  const given = task.name === 'reconstruction' ? givenOf(data, graph, part, task.input) : null;
  let among = 0;
  const plan = planBatch(data, inputsOf(graph));
  const visit = (values: Values, first: number, count: number) => {
    for (let i = 0; i < count; i++) {
      const into = answers.subarray((first + i) * kept, (first + i + 1) * kept);
      rules.keep(task, values, i * size, real, given?.(first + i) ?? null, into);
      if (top) among += amongLargest(values, i * size, task, targets, first + i, top);
    }
  };
  forEachBatch(heap, graph, part, plan, visit, task.output);
  const measures = rules.measure(task, answers, targets);
  const topK = top ? { k: top, accuracy: among / (part.count * task.places), correct: among } : null;
  return {
    evaluation: evaluationOf(task, part.count, measures, topK),
    scores: rules.scores(task, answers, targets),
    answers,
    targets,
  };
}

/** The value of the task's metric. @throws CompressError `bad-data` where the examples give it none */
export function qualityOf({ metric, quality }: Evaluation): number {
  if (quality !== null) return quality;
  throw new CompressError(
    'bad-data',
    `${metricOf(metric).label} has no value on these examples: they are all of one class`,
    'judge by another --metric, or give examples of each class',
  );
}

function evaluationOf(task: Task, examples: number, measures: Measures, topK: TopK | null): Evaluation {
  const { metrics, correct, confusion, classes, values } = measures;
  return {
    ...{
      task: task.name,
      output: task.outputName,
      examples,
      metric: task.metric,
      quality: metrics[task.metric] ?? null,
      metrics,
    },
    ...{ accuracy: metrics.accuracy ?? null, correct, perClass: classes.map((c) => c.recall), confusion, classes, values, topK },
    ...{ meanSquaredError: metrics.mse ?? null, auc: metrics.auc ?? null },
  };
}

/** Inputs as float ones. */
export const realInputs = (graph: Graph) => inputsOf(graph).map((input) => ({ ...input, dtype: 'f32' as const }));

/** An example's input (of its last call) in real numbers, as the network is to give it back. */
function givenOf(data: Dataset, graph: Graph, part: Part, input: number): (example: number) => Float32Array {
  const plan = planBatch(data, realInputs(graph));
  return (example) => callOf(takeBatch(plan, part, [example])[input] as Float32Array, plan.calls - 1, plan.calls);
}

function checkTop(top: number | undefined, { name, width, isIndex, outputName }: Task): void {
  if (top !== undefined && isIndex) {
    throw new CompressError(
      'bad-option',
      `the ${top} largest cannot be asked for: the output "${outputName}" gives class numbers without scores`,
      'leave it out, or give the model without the ARG_MAX at its end',
    );
  }
  if (top === undefined || (name === 'classification' && Number.isInteger(top) && top >= 1 && top <= width)) return;
  const what = name === 'classification' ? `${width} outputs` : `a network for ${name}`;
  throw new CompressError(
    'bad-option',
    `the ${top} largest of ${what} cannot be asked for`,
    name === 'classification' ? `give a whole number from 1 to ${width}` : 'leave it out: it is for classification',
  );
}

/** How many of an example's places have their label among the k largest outputs. */
function amongLargest(
  values: Values,
  from: number,
  { places, width }: Task,
  targets: Targets,
  example: number,
  k: number,
): number {
  let found = 0;
  for (let p = 0; p < places; p++) {
    if (placeOf(values, from + p * width, width, targets![example * places + p]) < k) found++;
  }
  return found;
}

/** How many values come before the one at `place` in falling order; of equals the first comes first, as in `argmax`. */
function placeOf(values: Values, from: number, count: number, place: number): number {
  const own = values[from + place];
  let before = 0;
  for (let i = 0; i < count; i++) if (values[from + i] > own || (values[from + i] === own && i < place)) before++;
  return before;
}

function realOf({ quant, dtype }: Tensor): (q: number) => number {
  return quant && dtype !== 'f32' ? (q) => quant.scales[0] * (q - quant.zeros[0]) : (q) => q;
}
