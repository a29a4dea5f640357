import { type Dataset, joinExamples, splitStratified, takeExamples } from '../data/index.ts';

/**
 * The folds beside a dataset, which is the first of `k`: each has as its validation part other examples of the train part, as many as the
 * validation part has if there are so many, and everything else to train on. No example is in two of the validation parts; classes are spread
 * evenly, and overlapping windows stay together.
 */
export function foldsBeside(data: Dataset, k: number, seed: number): Dataset[] {
  const { train, validation } = data;
  if (!train || !validation) return [];
  const share = Math.min(validation.count / train.count, 1 / (k - 1));
  const fractions = [...new Array<number>(k - 1).fill(share), 1 - (k - 1) * share];
  const places = splitStratified(train, data.inputs[0].shape, fractions, seed);
  return places.slice(0, k - 1).map((fold, i) => {
    const rest = places.flatMap((other, j) => (j === i ? [] : [...other])).sort((a, b) => a - b);
    return { ...data, train: joinExamples([takeExamples(train, rest), validation]), validation: takeExamples(train, fold) };
  });
}
