import type { Labels, Part } from '../data/index.ts';
import type { Values } from '../graph/graph.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import type { LossTo } from '../wasm/loss.ts';
import type { LabelFacts } from './labels.ts';
import type { MetricName } from './metrics.ts';
import type { OutputFacts } from './outputs.ts';

export const TASK_NAMES = ['classification', 'binary', 'multilabel', 'regression', 'reconstruction'] as const;
export type TaskName = (typeof TASK_NAMES)[number];

/** What a model is for, stated or recognized: plain data, the same for every network that is made of the model. */
export interface Task {
  readonly name: TaskName;
  /** The output that is judged: its place among the graph's, and its name in the model as given. */
  readonly output: number;
  readonly outputName: string;
  /** How many answers one example has: 1, or the places of a map (segmentation, FOMO). */
  readonly places: number;
  /** Numbers in one answer: classes, labels, or values. */
  readonly width: number;
  /** Classification alone: an output gives the number of the class, without a score for each (ARG_MAX). */
  readonly isIndex: boolean;
  /** Whether a yes is a logit above 0 (else a probability above 0.5): where the graph does not end in a sigmoid. */
  readonly logits: boolean;
  /** The input that is to come out again, by its place: reconstruction alone reads it. */
  readonly input: number;
  readonly classNames: readonly string[] | null;
  /** What it is judged by. */
  readonly metric: MetricName;
}

/**
 * How well a task's demands are met by an output and labels: 0 not, 1 hardly (it must be stated), 2 possibly, 3 as it should be.
 */
export interface Fit {
  readonly level: 0 | 1 | 2 | 3;
  /** What the task demands of labels beside such an output; null where the output itself cannot be the task's. */
  readonly demand: string | null;
}

/** Labels of a part as loss and metrics take them; null where the task has none. */
export type Targets = Labels | null;

export interface LabelLossOptions {
  readonly batch: number;
  readonly smoothing: number;
  /** What each example of a blended batch keeps of itself (mixup); null where none is blended. */
  readonly own: Float32Array | null;
}

/** The loss against labels: `write` brings those of a batch to the heap, by their examples' places in the part. */
export interface LabelLoss {
  write(indices: Int32Array): void;
  readonly step: Step;
}

/** Figures of one class or label; shares 0..1, null where they have no meaning. */
export interface ClassFigures {
  readonly examples: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly auc: number | null;
}

/** Figures of one value of a vector. */
export interface ValueFigures {
  readonly rmse: number;
  readonly mae: number;
  readonly r2: number | null;
}

/** What is measured of answers and labels. */
export interface Measures {
  /** null: it has no value on these examples. */
  readonly metrics: Readonly<Partial<Record<MetricName, number | null>>>;
  /** Right answers, of all places of all examples; null where there is no right and wrong. */
  readonly correct: number | null;
  /** confusion[label][answer]; empty where classes do not exclude each other. */
  readonly confusion: readonly (readonly number[])[];
  readonly classes: readonly ClassFigures[];
  readonly values: readonly ValueFigures[];
}

/** What a task knows; one file a task. */
export interface TaskRules {
  /** For help and docs. */
  readonly about: string;
  /** What it can be judged by, the usual one first. */
  readonly metrics: readonly [MetricName, ...MetricName[]];
  /** The operator at the end that is left out where the network is trained: the loss works on what it reads. */
  readonly activation: 'softmax' | 'logistic' | null;
  fit(output: OutputFacts, labels: LabelFacts | null): Fit;
  /** @param where how messages call the part. @throws CompressError `bad-data` where labels do not fit */
  targets(task: Task, part: Part, where: string): Targets;
  /** Against labels; null where the target is the input itself. `x`: f32 [batch, places * width], logits where `activation` was left out. */
  readonly labelLoss:
    | ((heap: Heap, to: LossTo, x: HeapTensor, targets: Labels, task: Task, options: LabelLossOptions) => LabelLoss)
    | null;
  /** What the losses are divided by. */
  lossUnit(task: Task, targets: Targets): number;
  /** Rows of the loss in one example. */
  rows(task: Task): number;
  /** How far the student's output is from the teacher's; both as `x` above. */
  imitation(heap: Heap, to: LossTo, x: HeapTensor, teacher: HeapTensor, temperature: number): Step;
  /** How many numbers are kept of the answer to one example. */
  kept(task: Task): number;
  /**
   * @param outputs of a batch, as the graph gives them; the example's begin at `from`
   * @param real    what an output means
   * @param given   the example's own input where the task compares with it
   */
  keep(
    task: Task,
    outputs: Values,
    from: number,
    real: (q: number) => number,
    given: Float32Array | null,
    into: Float64Array,
  ): void;
  /** @param answers what was kept, example after example */
  measure(task: Task, answers: Float64Array, targets: Targets): Measures;
  /** How well each example is answered, more is better: 1 or 0 where there is right and wrong, else the negative error. */
  scores(task: Task, answers: Float64Array, targets: Targets): Float64Array;
}
