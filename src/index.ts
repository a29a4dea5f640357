/** Thumbnet fits a trained neural network into a Cortex-M microcontroller. */
import { type OnnxOptions, writeOnnx } from './formats/onnx/write.ts';
import { exportTflite as writeTflite } from './formats/tflite/export.ts';
import { type Profile, type ProfileOptions, profile as profileGraph, type Target } from './mcu/index.ts';
import { asStored } from './model.ts';
import { runPipeline as runStages } from './pipeline.ts';
import type { IoType } from './run/edges.ts';
import type { Context, Model, Stage } from './stage.ts';
import { Heap } from './wasm/heap.ts';

export { type InteractionOptions, type Interactions, interactions } from './ablate/interactions.ts';
export { BUILDERS, buildModel, type Purpose } from './builders/index.ts';
export { type ExportCOptions, exportC } from './c/export.ts';
export type { CExport } from './c/index.ts';
export type { Example } from './c/project/example.ts';
export { exportTflm, type TflmExport, type TflmOptions } from './c/tflm/index.ts';
export {
  type CompressOptions,
  type CompressResult,
  chooseFrontEnd,
  compress,
  type FrontEndChoice,
  nodePool,
  rebuiltFor,
  registerSampler,
  type TrialReport,
  webPool,
} from './compress/index.ts';
export { compressInWorker, type WebJobHost } from './compress/web_job.ts';
export { type ConformResult, conform } from './conform/index.ts';
export {
  type DataOptions,
  type DataSource,
  type Dataset,
  frontEndIn,
  loadDataset,
  normalizedFeatures,
  readNpy,
  withFrontEndOf,
  writeNpy,
} from './data/index.ts';
export { distill, type Outside, teacherNamed, unlabelledNamed, withoutLabels } from './distill/index.ts';
export { type Answer, evaluate, findTask, infer } from './engine.ts';
export { type Code, CompressError } from './errors.ts';
export type { EvaluateOptions, Evaluation } from './evaluate.ts';
export type { Graph, Node, Quantization, Tensor } from './graph/graph.ts';
export { inspect } from './inspect.ts';
export {
  findTarget,
  type OwnTarget,
  type Profile,
  type ProfileOptions,
  registerTarget,
  TARGETS,
  type Target,
} from './mcu/index.ts';
export { loadModel } from './model.ts';
export { option, optional } from './options/index.ts';
export { dataOfRecipe, parseRecipe, type Recipe, registerStage, stagesOf } from './pipeline.ts';
export { type ChannelGroup, type Criterion, channelGroups, type Evidence, prune, registerCriterion } from './prune/index.ts';
export { type Calibrator, type Histogram, quantize, registerCalibrator } from './quant/index.ts';
export { createRandom, type Random } from './random.ts';
export { type History, writeReport } from './report/index.ts';
export type { IoType } from './run/edges.ts';
export type { Cause, Explanation, LayerLoss } from './run/losses.ts';
export { type SimplifyReport, simplify, simplifyGraph } from './simplify/index.ts';
export { type CheckpointStore, type Context, defineStage, type Model, type Stage, type StageKind } from './stage.ts';
export { MemoryStorage, type Storage } from './study/index.ts';
export type { Goal, GoalOptions, MetricName, Task, TaskName, TaskOptions } from './task/index.ts';
export { finetune } from './train/index.ts';
export { Heap } from './wasm/heap.ts';

/**
 * Runs stages in the order given; the model given stays as it is.
 *
 * @param context what the stages need: most of them `data` (none by default), a `seed` (0), a `heap` (a new one; pipelines that
 *   share one take turns at training). `original`, a teacher, is the model given unless set
 * @throws CompressError `bad-data` where a stage lacks data or labels, `shape-mismatch` where the data is not the model's, `bad-option` for a
 *   checkpoint with more than one stage that trains, `unsupported` for a network that cannot be trained
 * @throws the signal's reason, once `context.signal` is aborted
 * @example
 * const small = await runPipeline(model, [prune({ ratio: 0.5 }), finetune({ epochs: 5 }), quantize()], { data });
 */
export async function runPipeline(model: Model, stages: readonly Stage[], context: Partial<Context> = {}): Promise<Model> {
  const heap = context.heap ?? (await Heap.open());
  return runStages(model, stages, { data: null, seed: 0, original: model, ...context, heap });
}

/**
 * The model as a `.tflite` file: full-integer when it is quantized, else float. The same model gives the same bytes, and reading them
 * gives the same integers. Its inputs and outputs have the types of the file that the model was read from.
 *
 * @param options `io`: another type for them, 'int8', 'uint8' or 'float32'; QUANTIZE and DEQUANTIZE convert
 * @throws CompressError `not-ready` for a quantized model with a tensor that has no range, `unsupported` for padding TFLite has no word
 *   for, `bad-option` for a type that the model's numbers cannot have
 */
export const exportTflite = (model: Model, { io }: { io?: IoType } = {}): Uint8Array => writeTflite(asStored(model, io));

/**
 * The model as an `.onnx` file: float, or int8 as QuantizeLinear/DequantizeLinear pairs. Inputs and outputs are as in the file that the model
 * was read from.
 *
 * @param options `opset` 13 (default) or 21, `io` as in `exportTflite`, `unsigned` for activations as uint8 (fastest in ONNX Runtime on x86)
 * @throws CompressError `unsupported` for an operator or integers that ONNX has no word for, and what `exportTflite` throws
 */
export const exportOnnx = (model: Model, { io, ...options }: OnnxOptions & { io?: IoType } = {}): Uint8Array =>
  writeOnnx(asStored(model, io), options).bytes;

/**
 * Flash, RAM, latency and energy of one inference on a chip, in bytes, ms and µJ: total and for each layer. Flash and RAM are those of the
 * runtime named; latency and energy are models, with their error on unseen data.
 *
 * @param target a chip, or a name that `findTarget` knows
 * @throws CompressError `unknown-target`, or `bad-option` for a runtime or a clock that cannot be
 */
export const profile = (model: Model, target: Target | string, options?: ProfileOptions): Profile =>
  profileGraph(asStored(model), target, options);
