/** Thumbnet fits a trained neural network into a Cortex-M microcontroller. */
import type { Dataset, PartName } from './data/index.ts';
import { type EvaluateOptions, type Evaluation, evaluateGraph } from './evaluate.ts';
import { exportTflite as writeTflite } from './formats/tflite/index.ts';
import { type Profile, type ProfileOptions, profile as profileGraph, type Target } from './mcu/index.ts';
import { asStored } from './model.ts';
import { runPipeline as runStages } from './pipeline.ts';
import type { Context, Model, Stage } from './stage.ts';
import { Heap } from './wasm/heap.ts';

export { type CompressOptions, type CompressResult, compress, nodePool, type TrialReport } from './compress/index.ts';
export { type ConformResult, conform } from './conform/index.ts';
export { type DataOptions, type DataSource, type Dataset, loadDataset, readNpy, writeNpy } from './data/index.ts';
export { distill } from './distill/index.ts';
export { type Code, CompressError } from './errors.ts';
export type { EvaluateOptions, Evaluation } from './evaluate.ts';
export type { Graph, Node, Quantization, Tensor } from './graph/graph.ts';
export { inspect } from './inspect.ts';
export { findTarget, type Profile, type ProfileOptions, TARGETS, type Target } from './mcu/index.ts';
export { loadModel } from './model.ts';
export { parseRecipe, type Recipe, stagesOf } from './pipeline.ts';
export { prune } from './prune/index.ts';
export { quantize } from './quant/index.ts';
export { createRandom, type Random } from './random.ts';
export { type History, writeReport } from './report/index.ts';
export { type SimplifyReport, simplify, simplifyGraph } from './simplify/index.ts';
export type { CheckpointStore, Context, Model, Stage } from './stage.ts';
export { MemoryStorage, type Storage } from './study/index.ts';
export { finetune } from './train/index.ts';
export { Heap } from './wasm/heap.ts';

/** Runs stages in the order given. `context` needs what the stages need: most of them data, and a seed (0 by default). */
export async function runPipeline(model: Model, stages: readonly Stage[], context: Partial<Context> = {}): Promise<Model> {
  const heap = context.heap ?? (await Heap.open());
  return runStages(model, stages, { data: null, seed: 0, original: model, ...context, heap });
}

/** The model as a `.tflite` file: full-integer when it is quantized, else float. The same model gives the same bytes. */
export const exportTflite = (model: Model): Uint8Array => writeTflite(asStored(model));

/** Accuracy of one part of the data, by the arithmetic the model has: float, or the chip's own integers. */
export const evaluate = (
  model: Model,
  data: Dataset,
  part: PartName = 'test',
  options: EvaluateOptions = {},
): Promise<Evaluation> => evaluateGraph(asStored(model), data, part, options);

/** Flash, RAM, latency and energy on a chip: total and for each layer. */
export const profile = (model: Model, target: Target | string, options?: ProfileOptions): Profile =>
  profileGraph(asStored(model), target, options);
