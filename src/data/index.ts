export { arraysOfInputs, type NamedArrays, npzArrays } from './arrays.ts';
export { type AttachedFrontEnd, frontEndIn, namesFrontEnd, withFrontEndOf } from './attached.ts';
export { type Augment, type Augmentation, blend, blendedLabels, drawShares, makeAugment } from './augment.ts';
export {
  type BatchPlan,
  type BatchValues,
  batchInto,
  createBatch,
  inputRange,
  inputsOf,
  type ModelInput,
  planBatch,
  takeBatch,
} from './batch.ts';
export {
  type ChannelSpread,
  channelSpreads,
  classWarning,
  describeNormalization,
  inputStatistics,
  needPart,
  rangeWarning,
} from './check.ts';
export {
  AS_STORED,
  type DataInput,
  type Dataset,
  isOnePart,
  joinExamples,
  type Labels,
  type Layout,
  labelWidth,
  type Normalization,
  PARTS,
  type Part,
  type PartName,
  readingIn,
  type Samples,
  type StatedReading,
  takeEvenly,
  takeExamples,
} from './dataset.ts';
export { withAllTraining, withPartApart, withValidationOf } from './enlarge.ts';
export { classesOf, classesOfRows, isOneHot } from './labels.ts';
export { type DataSource, loadDataset } from './load.ts';
export { isZip } from './marks.ts';
export type { ArrayInput, ArraySource, Arrays } from './memory.ts';
export { normalizedFeatures } from './normalized.ts';
export { type NpyArray, type NpyData, readNpy, writeNpy } from './npy.ts';
export { type DataOptions, normalizationFacts, normalizationOptions, parseNumbers, parseScale } from './options.ts';
export { checksumsOf, isPaged, numbersBetween } from './paged.ts';
export { listed } from './raw.ts';
export { inMemory, shareDataset } from './share.ts';
export { splitStratified } from './split.ts';
