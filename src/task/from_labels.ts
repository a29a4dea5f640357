import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { describeLabels, type LabelFacts, labelFacts, looksLikeClasses } from './labels.ts';
import type { TaskName } from './task.ts';

/** A task for which there is no network yet, and how many outputs one needs. */
export interface Wanted {
  readonly task: TaskName;
  readonly outputs: number;
}

/**
 * What labels alone say of the task.
 *
 * @param stated the task, where it is given
 * @throws CompressError `bad-option` where several tasks could be meant; `bad-data` where the labels are not those of the task stated
 */
export function taskOfLabels(data: Dataset, stated?: TaskName): Wanted {
  const labels = stated === 'reconstruction' ? null : labelFacts(data);
  const task = stated ?? meantBy(data, labels);
  return { task, outputs: outputsFor(task, data, labels) };
}

function meantBy(data: Dataset, labels: LabelFacts | null): TaskName {
  if (!labels) return 'reconstruction';
  if (labels.named) return 'classification';
  if (labels.width > 1) return labels.oneHot(labels.width) ? 'classification' : labels.zeroOne ? 'multilabel' : 'regression';
  if (!labels.whole || labels.least < 0) return 'regression';
  if (labels.classes > 2 && looksLikeClasses(labels)) return 'classification';
  const meant = labels.zeroOne ? 'binary (one output) or classification (two)' : 'classification or regression';
  throw new CompressError(
    'bad-option',
    `the labels of ${data.name} (${describeLabels(labels)}) may be meant in more than one way`,
    `state it: --task ${meant}`,
  );
}

function outputsFor(task: TaskName, data: Dataset, labels: LabelFacts | null): number {
  const bad = (wanted: string) =>
    new CompressError(
      'bad-data',
      `${data.name} has ${labels ? `as labels ${describeLabels(labels)}` : 'no labels'}, but ${task} needs ${wanted}`,
      'give such labels, or state another --task',
    );
  if (task === 'reconstruction') return sizeOf(data.inputs[0].shape);
  if (task === 'classification') {
    if (data.classes < 2) throw bad('class numbers 0, 1, 2 ... or rows with a single 1');
    return data.classes;
  }
  if (!labels) throw bad(task === 'regression' ? 'numbers' : '0 and 1');
  if (task === 'binary' && !(labels.zeroOne && (labels.width === 1 || labels.oneHot(2)))) throw bad('0 or 1 for each example');
  if (task === 'multilabel' && !(labels.zeroOne && labels.width > 1)) throw bad('rows of 0 and 1');
  return task === 'binary' ? 1 : labels.width;
}
