/** The search for a smaller network, its stages, and the files of the result. */
export { type ExportCOptions, exportC } from '../c/export.ts';
export {
  type CompressHost,
  type CompressOptions,
  type CompressProgress,
  type CompressResult,
  chooseFrontEnd,
  compress,
  type FrontEndChoice,
  inlinePool,
  nodePool,
  type Pool,
  rebuiltFor,
  registerSampler,
  type TrialReport,
  webPool,
} from '../compress/index.ts';
export { compressInWorker, type WebJobHost } from '../compress/web_job.ts';
export { distill } from '../distill/index.ts';
export { CompressError } from '../errors.ts';
export { exportOnnx, exportTflite, parseRecipe, runPipeline, stagesOf } from '../index.ts';
export { loadModel } from '../model.ts';
export { prune, registerCriterion } from '../prune/index.ts';
export { quantize, registerCalibrator } from '../quant/index.ts';
export { simplify } from '../simplify/index.ts';
export type { Context, Model, Stage } from '../stage.ts';
export { MemoryStorage, type Storage } from '../study/index.ts';
export { finetune } from '../train/index.ts';
