import { mseF32 } from '../wasm/loss.ts';
import { areaUnderCurve } from './figures.ts';
import type { Fit, TaskRules } from './task.ts';

/** The input comes out again (autoencoders); the error of an example is its anomaly score. */
export const reconstruction: TaskRules = {
  about: 'the input comes out again; its mean squared error is an anomaly score: labels, if any, 0 (normal) and 1 (anomaly)',
  metrics: ['mse', 'auc'],
  activation: null,
  fit: ({ input, channels, places, ends }, labels): Fit => {
    if (input < 0 || places * channels === 1 || ends === 'softmax') return { level: 0, demand: null };
    const demand = 'none, or 0 (normal) and 1 (anomaly) for each example';
    return { level: labels === null || (labels.zeroOne && labels.width === 1) ? 3 : 0, demand };
  },
  /** Other labels than those of anomalies say nothing of it. */
  targets: (_task, { y, count }) => (y?.length === count && y.every((label) => label === 0 || label === 1) ? y : null),
  labelLoss: null,
  lossUnit: () => 1,
  rows: () => 1,
  imitation: mseF32,
  kept: () => 1,
  /** In real numbers: the rounding of an integer input is a part of the error. */
  keep(_task, outputs, from, real, given, into) {
    let sum = 0;
    for (let k = 0; k < given!.length; k++) sum += (real(Number(outputs[from + k])) - given![k]) ** 2;
    into[0] = sum / given!.length;
  },
  measure(_task, errors, targets) {
    const mse = errors.reduce((a, b) => a + b, 0) / errors.length;
    const auc = targets ? areaUnderCurve(errors, targets) : null;
    return { metrics: { mse, auc }, correct: null, confusion: [], classes: [], values: [] };
  },
  scores: (_task, errors) => errors.map((e) => -e),
};
