/** Scores in order. */

/** Places of scores, the least first; of equal ones the first. */
export const ascending = (scores: ArrayLike<number>): number[] =>
  Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a] - scores[b] || a - b);

/** The score below which `share` of all lie. */
export const thresholdOf = (scores: readonly number[], share: number): number =>
  [...scores].sort((a, b) => a - b)[Math.floor(share * scores.length)];
