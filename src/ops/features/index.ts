export { convolveFeatures, transposeConvFeatures } from './convolve.ts';
export { batchMatmulFeatures, fullyConnectedFeatures, svdfFeatures } from './dense.ts';
export { depthwiseConvFeatures } from './depthwise.ts';
export { type Features, type KernelFeatures, sum, tapsOf, type Weights } from './parts.ts';
export {
  copyFeatures,
  elementwiseFeatures,
  floatFeatures,
  padFeatures,
  poolFeatures,
  softmaxFeatures,
  transposeFeatures,
} from './simple.ts';
