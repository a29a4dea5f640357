/** Datasets: reading, splitting, and arrays in NumPy's format. */
export {
  type Arrays,
  type DataOptions,
  type DataSource,
  type Dataset,
  frontEndIn,
  type Labels,
  loadDataset,
  type NpyArray,
  PARTS,
  type Part,
  type PartName,
  normalizedFeatures,
  readNpy,
  splitStratified,
  takeExamples,
  withFrontEndOf,
  writeNpy,
} from '../data/index.ts';
export { CompressError } from '../errors.ts';
