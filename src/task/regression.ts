import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { mseF32 } from '../wasm/loss.ts';
import { meanOf } from './figures.ts';
import { looksLikeClasses, needLabels } from './labels.ts';
import type { Fit, TaskRules, ValueFigures } from './task.ts';
import { writerOf } from './yes_no.ts';

/** One value or a vector of them (a forecast), each a number. */
export const regression: TaskRules = {
  about: 'a value, or a vector of values (a forecast): labels are numbers, one for each output',
  metrics: ['rmse', 'mae', 'r2', 'mse'],
  activation: null,
  fit: ({ shape, ends }, labels): Fit => {
    const size = sizeOf(shape);
    const demand = size === 1 ? 'a number for each example' : `${size} numbers for each example`;
    if (!labels || labels.width !== size) return { level: 0, demand };
    const isShare = ends === 'logistic' || ends === 'softmax';
    const isYesNo = labels.zeroOne && (isShare || labels.oneHot(size));
    const isBeyond = isShare && (labels.least < 0 || labels.greatest > 1);
    if (labels.named || isYesNo || isBeyond) return { level: 1, demand };
    return { level: looksLikeClasses(labels) || labels.zeroOne || ends === 'softmax' ? 2 : 3, demand };
  },
  targets(task, part, where) {
    const y = needLabels(part, where);
    const size = task.places * task.width;
    if (y.length === part.count * size) return y;
    throw new CompressError(
      'bad-data',
      `${where} has ${y.length / part.count} numbers as the label of an example, but the output "${task.outputName}" has ${size}`,
      `give y as [count, ${size}]`,
    );
  },
  labelLoss(heap, to, x, targets, { places, width }, options) {
    const labels = writerOf(heap, targets, places * width, options);
    return { write: labels.write, step: mseF32(heap, to, x, labels.tensor) };
  },
  /** The targets' variance: the loss is the share of it that is not explained, so that learning rates mean the same in any unit. */
  lossUnit: ({ places, width }, targets) => (targets && meanVariance(targets, places * width)) || 1,
  rows: () => 1,
  imitation: mseF32,
  kept: ({ places, width }) => places * width,
  keep({ places, width }, outputs, from, real, _given, into) {
    for (let k = 0; k < places * width; k++) into[k] = real(Number(outputs[from + k]));
  },
  measure({ places, width }, answers, targets) {
    const size = places * width;
    const values = Array.from({ length: size }, (_, k) => figuresOfValue(answers, targets!, size, k));
    const mse = values.reduce((sum, v) => sum + v.mse, 0) / size;
    const mae = values.reduce((sum, v) => sum + v.mae, 0) / size;
    const metrics = { rmse: Math.sqrt(mse), mae, r2: meanOf(values.map((v) => v.r2)), mse };
    const shown = values.map(({ mse: _, ...rest }): ValueFigures => rest);
    return { metrics, correct: null, confusion: [], classes: [], values: size > 1 ? shown : [] };
  },
  scores({ places, width }, answers, targets) {
    const size = places * width;
    return Float64Array.from({ length: answers.length / size }, (_, i) => {
      let sum = 0;
      for (let k = i * size; k < (i + 1) * size; k++) sum += (answers[k] - targets![k]) ** 2;
      return -sum / size;
    });
  },
};

/** R2 = 1 - squared errors / squared distances from the mean; null where all targets are equal. */
function figuresOfValue(answers: Float64Array, targets: ArrayLike<number>, size: number, k: number) {
  const count = answers.length / size;
  let [squares, absolute, sum] = [0, 0, 0];
  for (let i = k; i < answers.length; i += size) {
    squares += (answers[i] - targets[i]) ** 2;
    absolute += Math.abs(answers[i] - targets[i]);
    sum += targets[i];
  }
  const spread = squaresAround(targets, size, k, sum / count);
  const mse = squares / count;
  return { mse, rmse: Math.sqrt(mse), mae: absolute / count, r2: spread > 0 ? 1 - squares / spread : null };
}

function squaresAround(values: ArrayLike<number>, size: number, k: number, mean: number): number {
  let sum = 0;
  for (let i = k; i < values.length; i += size) sum += (values[i] - mean) ** 2;
  return sum;
}

/** The mean over the columns of their variance. */
function meanVariance(values: ArrayLike<number>, size: number): number {
  const count = values.length / size;
  let total = 0;
  for (let k = 0; k < size; k++) {
    let sum = 0;
    for (let i = k; i < values.length; i += size) sum += values[i];
    total += squaresAround(values, size, k, sum / count) / count;
  }
  return total / size;
}
