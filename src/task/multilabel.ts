import { CompressError } from '../errors.ts';
import { sigmoidDivergenceF32 } from '../wasm/loss.ts';
import { decided } from './binary.ts';
import { areaUnderCurve, figuresOf, macroF1, meanOf } from './figures.ts';
import { needLabels } from './labels.ts';
import type { ClassFigures, Fit, Targets, TaskRules } from './task.ts';
import { sigmoidLoss } from './yes_no.ts';

/** Several yes or no answers at once, one for each label. */
export const multilabel: TaskRules = {
  about: 'several labels at once, each a yes or no by its own sigmoid or logit: rows of 0 and 1',
  metrics: ['f1', 'accuracy', 'exact', 'auc'],
  activation: 'logistic',
  fit: ({ channels, places, ends }, labels): Fit => {
    if (channels < 2 || places > 1 || ends === 'softmax') return { level: 0, demand: null };
    const demand = `${channels} times 0 or 1 for each example`;
    if (!labels?.zeroOne || labels.width !== channels) return { level: 0, demand };
    // Rows with a single 1 are classes, unless each output decides alone.
    if (ends !== 'logistic' && labels.oneHot(channels)) return { level: 1, demand };
    return { level: ends === 'logistic' ? 3 : 2, demand };
  },
  targets(task, part, where) {
    const y = needLabels(part, where);
    if (y.length === part.count * task.width && y.every((v) => v === 0 || v === 1)) return y;
    throw new CompressError(
      'bad-data',
      `the labels of ${where} are not rows of ${task.width} times 0 or 1`,
      'give y as [count, labels] with a 1 for each label that an example has',
    );
  },
  labelLoss: sigmoidLoss,
  lossUnit: () => 1,
  rows: () => 1,
  imitation: sigmoidDivergenceF32,
  kept: ({ width }) => width,
  keep({ width }, outputs, from, real, _given, into) {
    for (let k = 0; k < width; k++) into[k] = real(Number(outputs[from + k]));
  },
  measure(task, answers, targets) {
    const { width } = task;
    const yes = decided(task, answers);
    const correct = yes.reduce((sum, v, i) => sum + (v === targets![i] ? 1 : 0), 0);
    const classes = Array.from({ length: width }, (_, k) => figuresOfLabel(answers, yes, targets, width, k));
    const exact = allRight(yes, targets, width);
    const metrics = {
      f1: macroF1(classes),
      accuracy: correct / answers.length,
      exact: exact.reduce((a, b) => a + b, 0) / exact.length,
      auc: meanOf(classes.map((c) => c.auc)),
    };
    return { metrics, correct, confusion: [], classes, values: [] };
  },
  scores: (task, answers, targets) => allRight(decided(task, answers), targets, task.width),
};

function figuresOfLabel(answers: Float64Array, yes: Uint8Array, targets: Targets, width: number, label: number): ClassFigures {
  const rows = answers.length / width;
  const of = (values: ArrayLike<number>) => Float64Array.from({ length: rows }, (_, i) => values[i * width + label]);
  const [scores, answered, truth] = [of(answers), of(yes), of(targets!)];
  const hits = truth.reduce((sum, t, i) => sum + (t === 1 && answered[i] === 1 ? 1 : 0), 0);
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  return figuresOf(hits, sum(answered), sum(truth), areaUnderCurve(scores, truth));
}

/** 1 for each example whose labels are all right. */
function allRight(yes: Uint8Array, targets: Targets, width: number): Float64Array {
  return Float64Array.from({ length: yes.length / width }, (_, i) => {
    for (let k = i * width; k < (i + 1) * width; k++) if (yes[k] !== targets![k]) return 0;
    return 1;
  });
}
