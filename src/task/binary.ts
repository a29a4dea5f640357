import { classesOfRows } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { sigmoidDivergenceF32 } from '../wasm/loss.ts';
import { rightAnswers } from './classification.ts';
import { areaUnderCurve, figuresOfConfusion, meanRecall } from './figures.ts';
import { needLabels } from './labels.ts';
import type { Fit, Task, TaskRules } from './task.ts';
import { sigmoidLoss } from './yes_no.ts';

/** A yes or a no by one output (a sigmoid or a logit), for each example or each place of a map. */
export const binary: TaskRules = {
  about: 'yes or no by one output, a sigmoid (above 0.5) or a logit (above 0): labels 0 and 1',
  metrics: ['accuracy', 'balanced', 'f1', 'auc'],
  activation: 'logistic',
  fit: ({ channels, places, ends }, labels): Fit => {
    if (channels !== 1 || ends === 'softmax') return { level: 0, demand: null };
    const demand = places > 1 ? `0 or 1 for each of the ${places} places of its map` : '0 or 1 for each example';
    const fits = labels?.zeroOne && (labels.width === places || (labels.width === 2 * places && labels.oneHot(2)));
    if (!fits) return { level: 0, demand };
    return { level: ends === 'logistic' || labels.named ? 3 : 2, demand };
  },
  targets(task, part, where) {
    const y = needLabels(part, where);
    if (y.length === 2 * part.count * task.places) return classesOfRows(y, 2);
    const wrong = y.findIndex((label) => label !== 0 && label !== 1);
    if (wrong < 0) return y;
    throw new CompressError(
      'bad-data',
      `label ${y[wrong]} of example ${Math.floor(wrong / task.places)} in ${where} is neither 0 nor 1, and the model has one output`,
      'give 0 for no and 1 for yes, or state another --task',
    );
  },
  labelLoss: sigmoidLoss,
  lossUnit: () => 1,
  rows: ({ places }) => places,
  imitation: sigmoidDivergenceF32,
  kept: ({ places }) => places,
  keep({ places }, outputs, from, real, _given, into) {
    for (let p = 0; p < places; p++) into[p] = real(Number(outputs[from + p]));
  },
  measure(task, answers, targets) {
    const confusion = [
      [0, 0],
      [0, 0],
    ];
    decided(task, answers).forEach((answer, i) => {
      confusion[targets![i]][answer]++;
    });
    const correct = confusion[0][0] + confusion[1][1];
    const auc = areaUnderCurve(answers, targets!);
    const classes = figuresOfConfusion(confusion, auc);
    const metrics = { accuracy: correct / answers.length, balanced: meanRecall(classes), f1: classes[1].f1, auc };
    return { metrics, correct, confusion, classes, values: [] };
  },
  scores: (task, answers, targets) => rightAnswers(decided(task, answers), targets, task.places),
};

/** 1 for each yes. */
export const decided = ({ logits }: Task, answers: Float64Array): Uint8Array =>
  Uint8Array.from(answers, (v) => (v > (logits ? 0 : 0.5) ? 1 : 0));
