import type { ClassFigures } from './task.ts';

const ratio = (a: number, b: number): number | null => (b > 0 ? a / b : null);

/** Of hits, all answers of the class and all examples of it; F1 is 0 where nothing was hit. */
export function figuresOf(hits: number, answered: number, examples: number, auc: number | null = null): ClassFigures {
  const f1 = ratio(2 * hits, answered + examples);
  return { examples, precision: ratio(hits, answered), recall: ratio(hits, examples), f1, auc };
}

/** @param confusion [label][answer] */
export function figuresOfConfusion(confusion: readonly (readonly number[])[], auc: number | null = null): ClassFigures[] {
  return confusion.map((row, c) => {
    const examples = row.reduce((a, b) => a + b, 0);
    const answered = confusion.reduce((sum, other) => sum + other[c], 0);
    return figuresOf(row[c], answered, examples, auc);
  });
}

/** The mean of what has a value. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((v) => v !== null);
  return known.length ? known.reduce((a, b) => a + b, 0) / known.length : null;
}

/** Balanced accuracy: the mean recall of the classes that have examples. */
export const meanRecall = (classes: readonly ClassFigures[]): number | null => meanOf(classes.map((c) => c.recall));

/** The mean F1 of the classes that have examples or were answered. */
export const macroF1 = (classes: readonly ClassFigures[]): number | null => meanOf(classes.map((c) => c.f1));

/**
 * Area under the ROC curve: the chance that an example labelled 1 scores higher than one labelled 0, where an equal score counts half
 * (Mann and Whitney's U). Null where one of the two has no example.
 */
export function areaUnderCurve(scores: ArrayLike<number>, labels: ArrayLike<number>): number | null {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[a] - scores[b]);
  let [zerosBelow, onesBelow, wins] = [0, 0, 0];
  for (let from = 0, to = 0; from < order.length; from = to) {
    let [zeros, ones] = [0, 0];
    for (to = from; to < order.length && scores[order[to]] === scores[order[from]]; to++) labels[order[to]] ? ones++ : zeros++;
    wins += ones * (zerosBelow + zeros / 2);
    zerosBelow += zeros;
    onesBelow += ones;
  }
  return zerosBelow && onesBelow ? wins / (zerosBelow * onesBelow) : null;
}
