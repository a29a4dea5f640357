import { type Dataset, joinExamples, splitStratified, takeExamples } from '../data/index.ts';

/**
 * The train and validation parts together as k datasets: each has another fold as its validation part and the rest to train on. Every example
 * is in exactly one fold; classes are spread evenly, and overlapping windows stay together.
 */
export function foldsOf(data: Dataset, k: number, seed: number): Dataset[] {
  const parts = [data.train, data.validation].filter((p) => p !== null);
  if (parts.length === 0) return [];
  const all = joinExamples(parts);
  const folds = splitStratified(all, data.inputs[0].shape, new Array<number>(k).fill(1 / k), seed);
  return folds.map((fold, i) => {
    const rest = folds.flatMap((other, j) => (j === i ? [] : [...other])).sort((a, b) => a - b);
    return { ...data, train: takeExamples(all, rest), validation: takeExamples(all, fold) };
  });
}
