import { blendedLabels, classesOfRows } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import type { Values } from '../graph/graph.ts';
import { klDivergenceF32, softmaxCrossEntropyF32 } from '../wasm/loss.ts';
import { figuresOfConfusion, macroF1, meanRecall } from './figures.ts';
import { needLabels } from './labels.ts';
import type { Fit, Targets, Task, TaskRules } from './task.ts';

/** One of several classes, for each example or for each place of a map; the answer is the largest output, or what an ARG_MAX says. */
export const classification: TaskRules = {
  about: 'one of several classes: labels 0, 1, 2 ... or rows with a single 1; the largest output is the answer',
  metrics: ['accuracy', 'balanced', 'f1'],
  activation: 'softmax',
  fit: ({ channels, places, ends }, labels): Fit => {
    if (channels < 2) return { level: 0, demand: null };
    const each = places > 1 ? `each of the ${places} places of its map` : 'each example';
    const demand = `a class from 0 to ${channels - 1} for ${each}`;
    if (!labels) return { level: 0, demand };
    if (labels.width === places * channels && labels.oneHot(channels)) return { level: 3, demand };
    if (!labels.whole || labels.width !== places || labels.least < 0 || labels.greatest >= channels) return { level: 0, demand };
    const classes = places > 1 ? labels.greatest + 1 : labels.classes;
    if (classes === channels) return { level: 3, demand };
    const likely = ends === 'softmax' || ends === 'argMax' || 2 * classes >= channels;
    return { level: likely ? 2 : 1, demand };
  },
  targets(task, part, where) {
    const y = needLabels(part, where);
    if (y.length === part.count * task.places * task.width) return classesOfRows(y, task.width);
    const wrong = y.findIndex((label) => !(label >= 0 && label < task.width && Number.isInteger(label)));
    if (wrong < 0) return y;
    const fix = `labels run from 0 to ${task.width - 1}; give the data that belongs to this model`;
    throw new CompressError(
      'bad-data',
      `label ${y[wrong]} of example ${Math.floor(wrong / task.places)} in ${where} is out of range: the model has ${task.width} outputs`,
      y[wrong] === task.width ? `${fix}, or number the classes from 0` : fix,
    );
  },
  labelLoss(heap, to, x, targets, { places, width }, { batch, smoothing, own }) {
    const rows = batch * places;
    const tensor = own ? heap.tensor('f32', [rows, width]) : heap.tensor('i32', [rows]);
    const chosen = new Int32Array(rows);
    const blended = own && new Float32Array(rows * width);
    const write = (indices: Int32Array) => {
      for (let i = 0; i < rows; i++) chosen[i] = targets[indices[Math.floor(i / places)] * places + (i % places)];
      if (blended) blendedLabels(chosen, own, blended, places);
      heap.write(tensor, blended ?? chosen);
    };
    return { write, step: softmaxCrossEntropyF32(heap, to, x, tensor, smoothing) };
  },
  lossUnit: () => 1,
  rows: ({ places }) => places,
  imitation: klDivergenceF32,
  kept: ({ places }) => places,
  keep({ places, width, isIndex }, outputs, from, _real, _given, into) {
    for (let p = 0; p < places; p++) into[p] = isIndex ? Number(outputs[from + p]) : argmax(outputs, from + p * width, width);
  },
  measure(task, answers, targets) {
    const confusion = confusionOf(task, answers, targets);
    const correct = confusion.reduce((sum, row, c) => sum + row[c], 0);
    const classes = figuresOfConfusion(confusion);
    const metrics = { accuracy: correct / answers.length, balanced: meanRecall(classes), f1: macroF1(classes) };
    return { metrics, correct, confusion, classes, values: [] };
  },
  scores: ({ places }, answers, targets) => rightAnswers(answers, targets, places),
};

/** Place of the largest value; the first of equals. */
export function argmax(values: Values, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[from + i] > values[from + best]) best = i;
  return best;
}

function confusionOf({ width }: Task, answers: Float64Array, targets: Targets): number[][] {
  const confusion = Array.from({ length: width }, () => new Array<number>(width).fill(0));
  answers.forEach((answer, i) => {
    confusion[targets![i]][answer]++;
  });
  return confusion;
}

/** The share of each example's answers that equal their targets. */
export function rightAnswers(answers: ArrayLike<number>, targets: Targets, perExample: number): Float64Array {
  return Float64Array.from({ length: answers.length / perExample }, (_, i) => {
    let right = 0;
    for (let p = i * perExample; p < (i + 1) * perExample; p++) if (answers[p] === targets![p]) right++;
    return right / perExample;
  });
}
