import { type Command, InvalidArgumentError, Option } from 'commander';
import { classWarning, type Dataset, type PartName } from '../data/index.ts';
import { doubtsAbout } from '../doubts.ts';
import { findTask, type Judgement, judge } from '../evaluate.ts';
import type { Graph } from '../graph/graph.ts';
import {
  describeTask,
  type GoalOptions,
  METRIC_NAMES,
  TASK_NAMES,
  type Task,
  type TaskOptions,
  taskOptions,
} from '../task/index.ts';
import type { Heap } from '../wasm/heap.ts';
import type { Output } from './output.ts';
import { number } from './values.ts';

export interface TaskFlags {
  readonly task?: TaskOptions['task'];
  readonly output?: string;
  readonly metric?: TaskOptions['metric'];
}

/** What a model is for, where labels and graph do not decide it. */
export const taskFlags = (command: Command): Command =>
  command
    .addOption(new Option('--task <name>', 'what the model is for (recognized from labels and graph)').choices([...TASK_NAMES]))
    .option('--output <name>', 'the output that is judged, of several (the one that fits the labels)')
    .addOption(new Option('--metric <name>', "what it is judged by (the task's usual one)").choices([...METRIC_NAMES]));

/** CLASS=SHARE, as often as wanted. */
export function minRecall(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [, name, value] = /^(.+)=([^=]+)$/.exec(text) ?? [];
  if (!name) throw new InvalidArgumentError('It is not CLASS=SHARE, as cat=0.95.');
  return { ...before, [name]: number(value) };
}

/** What quality must be kept. */
export const goalFlags = (command: Command): Command =>
  command
    .option('--goal <value>', 'of the metric: at least so much, of an error (rmse, mae, mse) at most', number)
    .option('--min-recall <class=share>', 'least recall of a class, by name or number; may be repeated', minRecall);

export type GoalFlags = Pick<GoalOptions, 'goal' | 'minRecall'>;

/** What may be lost, where that is the goal. */
export const dropFlag = (command: Command): Command =>
  command.option('--max-drop <d>', 'largest loss in the unit of the metric: 0.01 or 1% (0.01; of an error 5%)', number);

/** The task of a model, said in a line. */
export function readTask(heap: Heap, graph: Graph, data: Dataset, flags: TaskFlags, out: Output): Task {
  const task = findTask(heap, graph, data, taskOptions(flags));
  sayTask(graph, task, out);
  return task;
}

export function sayTask(graph: Graph, task: Task, out: Output): void {
  out.say(`task: ${describeTask(task, graph)}`);
  const others = graph.outputs.flatMap((t, i) => (i === task.output ? [] : [`"${graph.tensors[t].name}"`]));
  if (others.length) out.say(`task: not judged: ${others.join(', ')}`);
}

/** The model as given on a part, with warnings where something seems wrong. */
export function judgeGiven(
  heap: Heap,
  graph: Graph,
  data: Dataset,
  part: PartName,
  task: Task,
  out: Output,
  top?: number,
): Judgement {
  const judged = judge(heap, graph, data, part, task, top);
  const order = task.name === 'classification' ? classWarning(data, task.width) : null;
  for (const line of [...(order ? [order] : []), ...doubtsAbout(heap, graph, data, part, task, judged.evaluation)])
    out.warn(line);
  return judged;
}
