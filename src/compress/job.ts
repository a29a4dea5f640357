import type { Dataset } from '../data/index.ts';
import { evaluatePart } from '../evaluate.ts';
import { exportTflite } from '../formats/tflite/index.ts';
import { runPipeline, type Recipe, stagesOf } from '../pipeline.ts';
import { toInteger } from '../run/integer.ts';
import type { Model, Progress } from '../stage.ts';
import { Heap } from '../wasm/heap.ts';

/** What every trial of a study shares; a worker is given it once. */
export interface JobContext {
  readonly model: Model;
  /** Train and validation; the test part stays outside. */
  readonly data: Dataset;
  readonly seed: number;
}

export interface JobResult {
  readonly tflite: Uint8Array;
  /** Of the validation part, by integer arithmetic; null for networks that do not classify. */
  readonly accuracy: number | null;
  readonly meanSquaredError: number | null;
}

/** Runs one recipe from the original model to a file and judges it by the chip's own bits. */
export async function runJob(
  { model, data, seed }: JobContext,
  stages: Recipe['stages'],
  progress?: (p: Progress) => void,
  signal?: AbortSignal,
): Promise<JobResult> {
  const heap = await Heap.open();
  const context = { heap, data, seed, original: model, progress, signal };
  const found = await runPipeline(model, stagesOf({ stages }), context);
  const graph = toInteger(found.graph);
  const { accuracy, meanSquaredError } = evaluatePart(heap, graph, data, 'validation');
  return { tflite: exportTflite(graph), accuracy, meanSquaredError };
}
