/** Several runs against the model as given, example by example. */
export interface Paired {
  /** Of each run, as judged. */
  readonly accuracies: readonly number[];
  readonly mean: number;
  /** Mean of the difference from the model as given, and half of its 95 % interval over examples. */
  readonly difference: number;
  readonly half: number;
}

/** @param scores of each run and of the model as given, by example: 1 where it is right, 0 where not */
export function paired(runs: readonly ArrayLike<number>[], given: ArrayLike<number>): Paired {
  const count = given.length;
  const meanOf = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
  const accuracies = runs.map(meanOf);
  // Of each example the mean of the runs.
  const differences = Array.from({ length: count }, (_, i) => meanOf(runs.map((r) => r[i])) - given[i]);
  const difference = meanOf(differences);
  const variance = differences.reduce((sum, d) => sum + (d - difference) ** 2, 0) / (count - 1);
  return { accuracies, mean: meanOf(accuracies), difference, half: 1.96 * Math.sqrt(variance / count) };
}

export const percent = (share: number): string => (100 * share).toFixed(2);
const signed = (share: number): string => `${share < 0 ? '' : '+'}${percent(share)}`;

/** 84.20 %, -3.66 +- 1.31 */
export const shown = ({ mean, difference, half }: Paired): string =>
  `${percent(mean)} %, ${signed(difference)} +- ${percent(half)}`;
