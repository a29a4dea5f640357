import { Registry } from '../options/index.ts';
import { type Histogram, klRange, minMaxRange, movingAverageRange, mseRange, percentileRange, type Range } from './range.ts';

/** Finds the range of an activation that its integers are to cover, from its histogram over examples. */
export type Calibrator = (histogram: Histogram, bits: 8 | 16) => Range;

export const CALIBRATORS = new Registry<Calibrator>('calibrator', {
  mse: mseRange,
  'min-max': minMaxRange,
  percentile: percentileRange,
  kl: klRange,
  'moving-average': movingAverageRange,
});

/** Adds a caller's own calibrator to those that `quantize` knows. @throws CompressError `bad-option` where the name is taken */
export const registerCalibrator = (name: string, calibrator: Calibrator): void => CALIBRATORS.add(name, calibrator);
