import type { Dataset } from '../data/index.ts';
import { correctness } from '../evaluate.ts';
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
  /** Which validation examples the original answers right. */
  readonly reference: Uint8Array;
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
  { model, data, seed, reference }: JobContext,
  stages: Recipe['stages'],
  progress?: (p: Progress) => void,
  signal?: AbortSignal,
): Promise<JobResult> {
  const heap = await Heap.open();
  const context = { heap, data, seed, original: model, progress, signal };
  const found = await runPipeline(model, stagesOf({ stages }), context);
  const graph = toInteger(found.graph);
  const right = correctness(heap, graph, data, 'validation');
  const n = right.length;
  const accuracy = right.reduce((a, b) => a + b, 0) / n;
  const differ = right.reduce((sum, r, i) => sum + (r === reference[i] ? 0 : 1), 0);
  return { tflite: exportTflite(graph), accuracy, error: Math.sqrt(differ) / n };
}
