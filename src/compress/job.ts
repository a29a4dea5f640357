import type { Dataset } from '../data/index.ts';
import { judge } from '../evaluate.ts';
import { exportTflite } from '../formats/tflite/index.ts';
import type { Graph } from '../graph/graph.ts';
import { asStored } from '../model.ts';
import { type Recipe, runPipeline, stagesOf } from '../pipeline.ts';
import type { Model, Progress } from '../stage.ts';
import type { Task } from '../task/index.ts';
import { Heap } from '../wasm/heap.ts';

/** What every trial of a study shares; a worker is given it once. */
export interface JobContext {
  readonly model: Model;
  /** Train and validation; the test part stays outside. */
  readonly data: Dataset;
  /** What is judged. */
  readonly task: Task;
  readonly seed: number;
  /** 1 for each validation example that the original answers right, else 0. */
  readonly reference: Float64Array;
  /** A candidate that is below it after a training, with another to come, is given up. */
  readonly hopeless: number;
}

/** A candidate that was given up: its accuracy by then. */
export interface GivenUp {
  readonly givenUpAt: number;
}

export interface JobResult {
  readonly tflite: Uint8Array;
  /** Of the validation part, by integer arithmetic. */
  readonly accuracy: number;
  /** Standard error of the loss of accuracy, from the examples that one of the two answers right and the other wrong. */
  readonly error: number;
}

/** Runs one recipe from the original model to a file and judges it by the chip's own bits. */
export async function runJob(
  job: JobContext,
  stages: Recipe['stages'],
  progress?: (p: Progress) => void,
  signal?: AbortSignal,
): Promise<JobResult | GivenUp> {
  const { model, data, task, seed, reference, hopeless } = job;
  const heap = await Heap.open();
  const context = { heap, data, task, seed, original: model, progress, signal };
  const accuracyOf = (graph: Graph) => mean(judge(heap, graph, data, 'validation', task).scores);
  let current = model;
  const made = stagesOf({ stages });
  for (const [i, stage] of made.entries()) {
    current = await runPipeline(current, [stage], context);
    const goesOn = stage.trains && made.slice(i + 1).some((s) => s.trains);
    if (!goesOn) continue;
    const accuracy = accuracyOf(current.graph);
    if (accuracy < hopeless) return { givenUpAt: accuracy };
  }
  const graph = asStored(current);
  const right = judge(heap, graph, data, 'validation', task).scores;
  const differ = right.reduce((sum, r, i) => sum + Math.abs(r - reference[i]), 0);
  return { tflite: exportTflite(graph), accuracy: mean(right), error: Math.sqrt(differ + UNSEEN) / right.length };
}

/** That few examples differ may be luck: so many more are assumed to (the plus-four rule of Agresti and Caffo, 2000). */
const UNSEEN = 4;

const mean = (right: Float64Array): number => right.reduce((a, b) => a + b, 0) / right.length;
