export { type Augment, type Augmentation, blend, blendedLabels, makeAugment } from './augment.ts';
export { type BatchPlan, type BatchValues, batchInto, inputRange, type ModelInput, planBatch, takeBatch } from './batch.ts';
export { classWarning, describeNormalization, inputStatistics, needLabels, needPart, rangeWarning } from './check.ts';
export {
  AS_STORED,
  type Dataset,
  isOnePart,
  type Layout,
  type Normalization,
  PARTS,
  type Part,
  type PartName,
  type Samples,
  takeEvenly,
  takeExamples,
} from './dataset.ts';
export { type ArraySource, type DataSource, loadDataset } from './load.ts';
export { withValidationOf } from './enlarge.ts';
export { type NpyArray, type NpyData, readNpy, writeNpy } from './npy.ts';
export { type DataOptions, parseNumbers, parseScale } from './options.ts';
